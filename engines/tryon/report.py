"""The page that shows what a list of try-ons came to: one file with its pictures in it, for a phone or a desktop."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

import cv2
import numpy as np

from engines.tryon.pairs import BadRow

_HEIGHT = 480  # of the pictures on the page; the results themselves are files beside it

_STYLE = """
:root{color-scheme:light dark;--line:#8883;--soft:#8881;--bad:#c0392b}
body{margin:0 auto;max-width:1100px;padding:20px 16px 60px;font:16px/1.45 system-ui,sans-serif}
h1{font-size:1.5rem;margin:.2em 0}p{margin:.3em 0;opacity:.8;overflow-wrap:anywhere}
dl{display:flex;flex-wrap:wrap;gap:10px;margin:16px 0}
dl div{border:1px solid var(--line);border-radius:10px;padding:8px 14px}
dt{font-size:.8rem;opacity:.75}dd{margin:0;font-size:1.25rem;font-variant-numeric:tabular-nums}
article{border-top:1px solid var(--line);padding:16px 0}
h2{font-size:1rem;margin:0 0 8px;font-weight:600;overflow-wrap:anywhere}
.three{display:grid;grid-template-columns:repeat(3,minmax(0,1fr));gap:8px}
figure{margin:0;background:var(--soft);border-radius:10px;overflow:hidden;display:flex;flex-direction:column}
figure img{width:100%;height:min(56vw,440px);object-fit:contain;display:block}
figcaption{font-size:.8rem;padding:6px 8px;text-align:center;opacity:.75}
.figures{font-size:.9rem;margin-top:8px;font-variant-numeric:tabular-nums}
.bad{border-left:3px solid var(--bad);padding-left:10px}
"""


@dataclass(frozen=True, eq=False)
class Row:
    """One try-on as the page shows it: names, pictures (H, W, 3) or, of the garment, (H, W, 4), and figures by name."""

    person: str
    garment: str
    out: str
    photo: np.ndarray
    piece: np.ndarray
    result: np.ndarray
    figures: dict[str, float]


def page(rows: Sequence[Row], failed: Sequence[BadRow], source: str, means: dict[str, float]) -> str:
    """The HTML; ``source`` names the list, ``means`` are those of the figures."""
    boxes = [("pairs", str(len(rows))), *([("failed", str(len(failed)))] if failed else []), *((n, f"{v:.3f}") for n, v in means.items())]
    summary = "".join(f"<div><dt>{escape(name)}</dt><dd>{value}</dd></div>" for name, value in boxes)
    errors = "".join(f"<p class=bad>Line {bad.line}: {escape(bad.reason)}</p>" for bad in failed)
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width,initial-scale=1'>"
        f"<title>Try-on: {escape(source)}</title><style>{_STYLE}</style><h1>Try-on</h1><p>{escape(source)}; the figures are means.</p>"
        f"<dl>{summary}</dl>{errors}{''.join(map(_article, rows))}</html>"
    )


def _article(row: Row) -> str:
    pictures = ((row.photo, "as photographed", ""), (row.piece, "garment", ""), (row.result, "dressed", quote(row.out)))
    figures = " · ".join(f"{escape(name)}: {value:.3f}" for name, value in row.figures.items())
    return (
        f"<article><h2>{escape(row.out)}: {escape(row.person)} in {escape(row.garment)}</h2>"
        f"<div class=three>{''.join(_figure(*each) for each in pictures)}</div><div class=figures>{figures}</div></article>"
    )


def _figure(picture: np.ndarray, caption: str, link: str) -> str:
    image = f"<img alt='{caption}' src='{_embedded(picture)}'>"
    return f"<figure>{f'<a href={link!r}>{image}</a>' if link else image}<figcaption>{caption}</figcaption></figure>"


def _embedded(picture: np.ndarray) -> str:
    """A picture as a data URL, small; what is clear in it is white."""
    scale = min(1.0, _HEIGHT / picture.shape[0])
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else picture
    if small.shape[2] == 4:
        alpha = small[..., 3:].astype(np.float32) / 255
        small = np.rint(small[..., :3] * alpha + 255 * (1 - alpha)).astype(np.uint8)
    coded = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 85])[1]
    return "data:image/jpeg;base64," + base64.b64encode(coded.tobytes()).decode()
