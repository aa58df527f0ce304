"""Known vulnerabilities of what is installed, asked with pip-audit where its index can be reached; part of ``make lint``.

    python -m tests.audit

Exit status 1 when there are any; where nobody can be asked, one line and 0.
"""

from __future__ import annotations

import json
import subprocess
import sys

SECONDS = 90  # for all of them; an index that cannot be reached hangs
COMMAND = [sys.executable, "-m", "pip_audit", "--local", "--format", "json", "--progress-spinner", "off", "--timeout", "10"]


def known(report: str) -> list[str]:
    """A line for every vulnerability of pip-audit's JSON report. Raises ValueError where it is none."""
    lines = []
    for package in json.loads(report)["dependencies"]:
        for found in package.get("vulns", ()):
            mended = ", ".join(found["fix_versions"]) or "none yet"
            lines.append(f"{package['name']} {package['version']}: {found['id']}, mended in {mended}")
    return lines


def main() -> int:
    try:
        done = subprocess.run(COMMAND, capture_output=True, text=True, timeout=SECONDS)
        found = known(done.stdout)
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        print("dependencies not audited: the index of known vulnerabilities cannot be reached")
        return 0
    print("\n".join(found) or "no known vulnerability in what is installed")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
