"""The audit of the dependencies: what it reads out of a report, and what it says when nobody can be asked."""

from __future__ import annotations

import json
import sys

import pytest

from tests import audit


def test_vulnerabilities_are_named_with_their_remedy():
    found = {"id": "PYSEC-2024-1", "fix_versions": ["3.9.2"], "aliases": []}
    report = {
        "dependencies": [
            {"name": "aiohttp", "version": "3.9.0", "vulns": [found]},
            {"name": "av", "version": "14.0", "vulns": []},
            {"name": "own", "skip_reason": "not on the index"},
        ]
    }
    assert audit.known(json.dumps(report)) == ["aiohttp 3.9.0: PYSEC-2024-1, mended in 3.9.2"]


@pytest.mark.parametrize(
    ("said", "status", "line"),
    [
        ("", 0, "not audited"),
        ('{"dependencies": []}', 0, "no known vulnerability"),
        ('{"dependencies": [{"name": "a", "version": "1", "vulns": [{"id": "X", "fix_versions": []}]}]}', 1, "a 1: X, mended in none yet"),
    ],
)
def test_the_status_is_a_failure_only_where_something_is_known(said, status, line, monkeypatch, capsys):
    monkeypatch.setattr(audit, "COMMAND", [sys.executable, "-c", f"print({said!r})"])
    assert audit.main() == status
    assert line in capsys.readouterr().out
