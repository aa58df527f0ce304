"""Every address of this server, and who may call it: the one table."""

from __future__ import annotations

from . import entry, figures, mirror, pages, signalling
from .http import Access, Route
from .metrics import metrics
from .studio import api as studio

PUBLIC, SHOPPER, SCREEN, STAFF = Access.PUBLIC, Access.SHOPPER, Access.SCREEN, Access.STAFF

TABLE = [
    Route("GET", "/", PUBLIC, pages.page("index.html")),
    Route("GET", "/static/{file:path}", PUBLIC, pages.static),
    Route("GET", "/certificate.crt", PUBLIC, pages.certificate),
    Route("GET", "/healthz", PUBLIC, pages.healthz),
    Route("GET", "/readyz", PUBLIC, pages.readyz),
    Route("GET", "/join", PUBLIC, entry.joined),
    Route("POST", "/join", PUBLIC, entry.join),
    Route("GET", "/signin", PUBLIC, pages.page("signin.html")),
    Route("POST", "/signin", PUBLIC, entry.sign_in),
    Route("POST", "/signout", PUBLIC, entry.sign_out),
    Route("GET", "/metrics", Access.METRICS, metrics),
    Route("GET", "/mirror", SCREEN, mirror.page),
    Route("SOCKET", "/screen", SCREEN, mirror.screen),
    Route("GET", "/remote", SHOPPER, pages.page("remote.html")),
    Route("SOCKET", "/remote", SHOPPER, mirror.remote),
    Route("GET", "/numbers", STAFF, pages.page("numbers.html")),
    Route("GET", "/numbers.json", STAFF, figures.as_json),
    Route("GET", "/numbers.csv", STAFF, figures.as_csv),
    Route("GET", "/profile", STAFF, pages.page("profile.html")),
    Route("GET", "/garments.json", SHOPPER, pages.garments),
    Route("GET", "/garments/{id}.thumb.png", SHOPPER, pages.thumbnail),
    Route("GET", "/garments/{id}.png", SHOPPER, pages.picture),
    Route("SOCKET", "/session", SHOPPER, signalling.session),
    *studio.routes(),
]
