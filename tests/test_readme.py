"""What the README gives to copy works: the unit, the settings, the container file's paths, the commands."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import pytest

from streamer import settings
from streamer.__main__ import COMMANDS
from streamer.config import ROOT

README = (ROOT / "README.md").read_text()


def block(kind):
    return re.search(rf"^```{kind}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)[1]


def test_the_unit_is_one_for_systemd(tmp_path):
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("no systemd-analyze here")
    unit = tmp_path / "fitting-room.service"
    unit.write_text(block("ini").replace("/opt/fitting-room/.venv/bin/python", sys.executable).replace("/opt/fitting-room", str(ROOT)))
    done = subprocess.run([analyze, "verify", "--man=no", str(unit)], capture_output=True, text=True)
    ours = [line for line in (done.stdout + done.stderr).splitlines() if "fitting-room" in line]
    assert ours == []
    unit.write_text(unit.read_text().replace("ExecStart=", "ExecStrat="))  # the check does find mistakes
    assert "ExecStrat" in subprocess.run([analyze, "verify", "--man=no", str(unit)], capture_output=True, text=True).stderr


def test_the_settings_are_taken(tmp_path):
    path = tmp_path / "shop.toml"
    path.write_text(block("toml"))
    settings.check(settings.merge(settings.read(path), {}, path))


def test_the_container_gets_everything_the_server_needs():
    lines = block("dockerfile")
    copied = re.findall(r"^COPY (\S+) ", lines, re.MULTILINE)
    assert all((ROOT / each).exists() for each in copied)
    assert {"engines", "streamer", "web", "requirements.txt"} <= set(copied)


def test_every_command_is_named():
    for name in COMMANDS:
        assert f"python -m streamer {name}" in README, name
