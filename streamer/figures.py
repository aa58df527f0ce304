"""The day's numbers as a page, JSON and CSV, for staff."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta

from .http import Refusal, Reply, Request, to_json
from .numbers import Row
from .server import Server

LONGEST = timedelta(days=366)


async def as_json(server: Server, request: Request) -> Reply:
    """``?from=2026-01-31&to=2026-01-31`` (default: today): rows of [day, hour, name, what, value], and the garments' names."""
    first, last = _days(request)
    rows = await server.in_files(server.numbers.rows, first, last)
    names = {each["id"]: each["name"] for each in await server.garments()}
    return to_json({"from": first.isoformat(), "to": last.isoformat(), "today": date.today().isoformat(), "names": names, "rows": rows})


async def as_csv(server: Server, request: Request) -> Reply:
    """The same days as CSV for a spreadsheet."""
    first, last = _days(request)
    rows = await server.in_files(server.numbers.rows, first, last)
    named = f'attachment; filename="fitting-room-{first}{"" if first == last else f"-to-{last}"}.csv"'
    return Reply(_csv(rows).encode(), "text/csv; charset=utf-8", headers={"Content-Disposition": named, "Cache-Control": "no-store"})


def _csv(rows: list[Row]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(Row._fields)
    for row in rows:
        what = f"'{row.what}" if row.what[:1] in ("=", "+", "-", "@") else row.what  # a spreadsheet would run it
        writer.writerow((*row[:3], what, f"{row.value:.10g}"))
    return out.getvalue()


def _days(request: Request) -> tuple[date, date]:
    try:
        first = date.fromisoformat(request.query.get("from") or date.today().isoformat())
        last = date.fromisoformat(request.query.get("to") or first.isoformat())
    except ValueError:
        raise Refusal(400, "Days are written as 2026-01-31.") from None
    if not first <= last <= first + LONGEST:
        raise Refusal(400, "The last day is not before the first, and at most a year after it.")
    return first, last
