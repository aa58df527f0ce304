"""Who shall wear what: the CSV of ``python -m engines tryon``."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from engines.errors import UserError

COLUMNS = ("person", "garment", "out")
WRITABLE = (".png", ".jpg", ".jpeg", ".webp")


@dataclass(frozen=True)
class Pair:
    """A row."""

    line: int
    person: str
    """As it stands in the file; relative to the file's folder."""
    garment: str
    """A file, relative to the file's folder, or an id."""
    out: str
    """Relative to the folder of results."""
    truth: str = ""
    """A picture of what it should look like, as large as the person's; may be missing."""


@dataclass(frozen=True)
class BadRow:
    """A row that cannot be done, and why."""

    line: int
    reason: str


def read_pairs(file: Path) -> list[Pair | BadRow]:
    """The rows of a CSV with the columns person, garment, out and perhaps truth, in any order.

    Raises:
        UserError: the file cannot be read, has not these columns, or no rows.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserError(f"the list {file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise UserError(f"the list {file} is not UTF-8 text: save it as CSV in UTF-8.") from None
    rows = list(_rows(file, text))
    if not rows:
        raise UserError(f"the list {file} has no rows below its header.")
    return rows


def _rows(file: Path, text: str) -> Iterator[Pair | BadRow]:
    reader = csv.DictReader(text.splitlines(), strict=True)
    outs: dict[str, int] = {}
    try:
        if missing := [name for name in COLUMNS if name not in (reader.fieldnames or ())]:
            raise UserError(f"the list {file} lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}: its first line must be "
                            f"{','.join(COLUMNS)}.")  # fmt: skip
        for row in reader:
            values = {name: (row.get(name) or "").strip() for name in (*COLUMNS, "truth")}
            line = reader.line_num
            if reason := _wrong(row, values, outs):
                yield BadRow(line, reason)
                continue
            outs[values["out"]] = line
            yield Pair(line, **values)
    except csv.Error as error:
        raise UserError(f"the list {file} is damaged at line {reader.line_num + 1}: {error}.") from None


def _wrong(row: dict[str | None, object], values: dict[str, str], outs: dict[str, int]) -> str | None:
    """What is wrong with a row, or None."""
    if None in row:
        return "it has more values than the header has columns: put quotes around what has a comma in it."
    if empty := [name for name in COLUMNS if not values[name]]:
        return f"it says nothing under {', '.join(empty)}."
    out = PurePath(values["out"])
    if out.is_absolute() or ".." in out.parts:
        return f"out is {values['out']!r}, which is not below the folder of results: give a name in it."
    if out.suffix.lower() not in WRITABLE:
        return f"out is {values['out']!r}: end it in {', '.join(WRITABLE)}."
    if values["out"] in outs:
        return f"out is {values['out']!r}, as in line {outs[values['out']]}: give it another name."
    return None
