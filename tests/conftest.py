"""Fixtures shared by the tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED_DATA = Path(os.environ.get("FITTING_ROOM_DATA", ROOT.parent / "shared" / "data"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The training data's folder; tests that need it are skipped where it is not present."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"no training data at {SHARED_DATA}")
    return SHARED_DATA
