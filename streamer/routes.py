"""Every address of this server, and who may call it: the one table."""

from __future__ import annotations

from . import pages, signalling
from .http import Access, Route

PUBLIC, SHOPPER, STAFF = Access.PUBLIC, Access.SHOPPER, Access.STAFF

TABLE = [
    Route("GET", "/", PUBLIC, pages.page("index.html")),
    Route("GET", "/static/{file:path}", PUBLIC, pages.static),
    Route("GET", "/certificate.crt", PUBLIC, pages.certificate),
    Route("GET", "/healthz", PUBLIC, pages.healthz),
    Route("GET", "/garments.json", SHOPPER, pages.garments),
    Route("GET", "/garments/{id}.thumb.png", SHOPPER, pages.thumbnail),
    Route("GET", "/garments/{id}.png", SHOPPER, pages.picture),
    Route("SOCKET", "/session", SHOPPER, signalling.session),
]
