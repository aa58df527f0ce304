"""Draws the garments that the fitting room starts with: ``python -m engines.garment.draw OUT_DIR``.

For each garment ID.png (RGBA) and ID.json (name, category, landmarks, outline of the neck opening). The same files every time.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from tqdm import tqdm

from engines.errors import UserError, exit_on_user_error
from engines.garment.drawing import dresses, knits, outer, png, shirts, skirts, tees, trousers
from engines.garment.drawing.drawn import Drawn

GARMENTS: tuple[Callable[[], Drawn], ...] = (
    tees.tee_lettering, tees.breton, shirts.check_shirt, tees.tee_sunset, knits.hoodie, knits.sweater, knits.tank,
    outer.denim_jacket, outer.blazer, outer.coat, dresses.summer, dresses.dotted, trousers.jeans, trousers.chinos, skirts.pleated,
    skirts.denim_skirt,
)  # fmt: skip
"""In the order in which a shopper sees them within their category."""


def write(drawn: Drawn, folder: Path, position: int) -> None:
    """Write ID.png and ID.json."""

    def rounded(point: tuple[float, float]) -> list[float]:
        return [round(float(point[0]), 1), round(float(point[1]), 1)]

    about = {
        "name": drawn.name,
        "position": position,
        "category": drawn.category,
        "landmarks": {name: rounded(point) for name, point in drawn.landmarks.items()},
        "opening": [rounded(point) for point in drawn.opening],
    }
    (folder / f"{drawn.id}.png").write_bytes(png.encode(drawn.picture))
    (folder / f"{drawn.id}.json").write_text(json.dumps(about) + "\n", encoding="utf-8")


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m engines.garment.draw", description="Draw the built-in garments.")
    parser.add_argument("out", type=Path, metavar="OUT_DIR", help="folder for ID.png and ID.json of each garment")
    parser.add_argument("--only", metavar="NAME", help="draw only the garment that is drawn by this function")
    args = parser.parse_args()
    chosen = [draw for draw in GARMENTS if args.only in (None, draw.__name__)]
    if not chosen:
        raise UserError(f"there is no garment {args.only!r}; there are {', '.join(draw.__name__ for draw in GARMENTS)}.")
    try:
        args.out.mkdir(parents=True, exist_ok=True)
        for draw in tqdm(chosen, unit="garment"):
            write(draw(), args.out, GARMENTS.index(draw))
    except OSError as error:
        raise UserError(f"cannot write to {args.out}: {error.strerror}.") from None
    return 0


if __name__ == "__main__":
    sys.exit(exit_on_user_error(main))
