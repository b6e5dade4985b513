"""Known vulnerabilities of the packages that constraints.txt names, and which packages nobody could be asked about.

``python tests/audit/look_up.py`` (``make audit``) asks by pip-audit, which ends with 0 and finds nothing known where
the index that it asks has no advisories, or is not reached: that is no answer, and is said here.  It ends with 1 where
something is known, and with 2 where a package was not looked up.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

PINNED = Path(__file__).parents[2] / "constraints.txt"


def told(report: dict[str, Any]) -> tuple[list[str], int]:
    """What a report of pip-audit says, in lines, and how to end."""
    lines, looked_up, unknown = [], 0, []
    for package in report["dependencies"]:
        if "skip_reason" in package:
            unknown.append(package["name"])
            continue
        looked_up += 1
        for one in package["vulns"]:
            mended = ", ".join(one["fix_versions"]) or "no version yet"
            lines.append(f"{package['name']} {package['version']}: {one['id']}, mended in {mended}")
    known = len(lines)
    lines.append(f"{looked_up} packages looked up, {known} known vulnerabilities")
    if unknown:
        lines.append(f"{len(unknown)} packages were not looked up, of which nothing is known: {', '.join(unknown)}")
    return lines, 1 if known else 2 if unknown or not looked_up else 0


def main() -> int:
    """Ask, and say the answer."""
    call = [sys.executable, "-m", "pip_audit", "--requirement", str(PINNED), "--no-deps", "--disable-pip"]
    done = subprocess.run([*call, "--format", "json", "--progress-spinner", "off"], capture_output=True, text=True)
    try:
        lines, ending = told(json.loads(done.stdout))
    except ValueError:
        last = (done.stderr.strip().splitlines() or ["no answer"])[-1]
        lines, ending = [f"nothing was looked up: {last}"], 2
    print(*lines, sep="\n")
    return ending


if __name__ == "__main__":
    sys.exit(main())
