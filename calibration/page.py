"""What ``compare`` measured as one HTML file: the table, and the networks' answers on the same crops side by side. Needs no server."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from engines.body import Reading
from engines.contract import CLASSES, CROP_HEIGHT, CROP_WIDTH

_HUES = (np.arange(len(CLASSES)) * 67 % 180).astype(np.uint8)
_SEEN = 0.25

_STYLE = """
body { margin: 2rem auto; max-width: 80rem; padding: 0 1rem; font: 15px/1.5 system-ui, sans-serif; color: #1d2126; background: #fafafa }
h1 { font-size: 1.4rem; font-weight: 600 } p { max-width: 46rem; color: #4a525c }
.scroll { overflow-x: auto } table { border-collapse: collapse; background: #fff; white-space: nowrap }
th, td { padding: .35rem .8rem; border-bottom: 1px solid #e6e8eb; text-align: right } th { font-weight: 600 }
th:first-child, td:first-child, th:nth-child(2), td:nth-child(2) { text-align: left }
.crops { display: grid; gap: .75rem; margin-top: 1rem }
.row { display: grid; grid-auto-flow: column; grid-auto-columns: minmax(9rem, 12rem); gap: .5rem; overflow-x: auto }
figure { margin: 0 } img { width: 100%; display: block; border-radius: 6px }
figcaption { font-size: 12px; color: #4a525c; overflow-wrap: anywhere }
"""


def drawn(picture: np.ndarray, reading: Reading) -> np.ndarray:
    """uint8 (256,192,3): a crop with its parsing as colours over it and its landmarks as dots."""
    labels = cv2.resize(reading.parsing.argmax(0).astype(np.uint8), (CROP_WIDTH, CROP_HEIGHT), interpolation=cv2.INTER_NEAREST)
    colours = cv2.cvtColor(np.dstack([_HUES[labels], np.full_like(labels, 200), np.full_like(labels, 235)]), cv2.COLOR_HSV2RGB)
    mixed = np.where((labels > 0)[..., None], picture // 2 + colours // 2, picture).astype(np.uint8)
    for x, y, score in reading.landmarks:
        if score > _SEEN:
            cv2.circle(mixed, (round(float(x)), round(float(y))), 3, (255, 255, 255), -1, cv2.LINE_AA)
            cv2.circle(mixed, (round(float(x)), round(float(y))), 2, (20, 20, 20), -1, cv2.LINE_AA)
    return mixed


def differing(picture: np.ndarray, reference: Reading, other: Reading) -> np.ndarray:
    """uint8 (256,192,3): the crop in grey, red where the two name another class."""
    other_class = (reference.parsing.argmax(0) != other.parsing.argmax(0)).astype(np.uint8)
    large = cv2.resize(other_class, (CROP_WIDTH, CROP_HEIGHT), interpolation=cv2.INTER_NEAREST)
    grey = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return np.where(large[..., None] > 0, np.array([220, 30, 30], np.uint8), grey // 2 + 100).astype(np.uint8)


def page(titles: Sequence[str], table: Sequence[Sequence[str]], pictures: np.ndarray, readings: Sequence[Sequence[Reading]]) -> str:
    """The page. ``titles`` of the networks, the reference first; ``table``: cells by row, heads first; ``readings`` [network][crop]."""
    head, *rows = ["".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in row) for row, tag in _tagged(table)]
    crops = []
    for number, picture in enumerate(pictures):
        reference = readings[0][number]
        cells: list[tuple[str, np.ndarray]] = [("crop", picture), (titles[0], drawn(picture, reference))]
        for title, answers in zip(titles[1:], readings[1:], strict=True):
            share = (reference.parsing.argmax(0) != answers[number].parsing.argmax(0)).mean()
            cells.append((title, drawn(picture, answers[number])))
            cells.append((f"{100 * share:.1f} % another class", differing(picture, reference, answers[number])))
        crops.append('<div class="row">' + "".join(_figure(*cell) for cell in cells) + "</div>")
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>INT8 beside float</title><style>{_STYLE}</style><h1>INT8 beside float</h1>"
        f"<p>The reference is {html.escape(titles[0])}. Colours are classes, dots landmarks; red: another class than the reference's.</p>"
        f'<div class="scroll"><table><tr>{head}</tr>{"".join(f"<tr>{row}</tr>" for row in rows)}</table></div>'
        f'<div class="crops">{"".join(crops)}</div></html>\n'
    )


def _tagged(table: Sequence[Sequence[str]]) -> list[tuple[Sequence[str], str]]:
    return [(row, "td" if index else "th") for index, row in enumerate(table)]


def _figure(title: str, picture: np.ndarray) -> str:
    coded: Any = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 85])[1]
    source = base64.b64encode(coded.tobytes()).decode()
    words = html.escape(title)
    return f'<figure><img alt="{words}" src="data:image/jpeg;base64,{source}"><figcaption>{words}</figcaption></figure>'
