"""``sinks new ID --library`` in a checkout: what is to be filled in, and what the command writes from it."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KEPT = (
    "methodologies/__init__.py",
    "methodologies/sources.csv",
    "methodologies/fixed_rate.py",
    "methodologies/fixed_rate.csv",
    "tests/golden/test_ledger.py",
    "tests/golden/test_witnesses.py",
    "tests/golden/witnesses.csv",
    "tests/golden/typical_figures.csv",
    "tests/golden/ledger.csv",
    "docs/verification.md",
)
WORDS = {
    "methodologies/trial.py": (
        ('title=Text("?", "?")', 'title=Text("试验法", "Trial")'),
        ('source="?"', 'source="ipcc_2006_v4"'),
        ('locator="?"', 'locator="ch. 2, Eq. 2.8"'),
        ('valid_for=Text("?", "?")', 'valid_for=Text("试验", "Trial")'),
        ('    """?\n', '    """Carbon density.\n'),
        ("    ?\n", "    ipcc_2006_v4, ch. 2, Eq. 2.8.\n"),
    ),
    "methodologies/trial.csv": (
        ("bcef,,?,t DM/m3,,,,,user,?,?,", "bcef,larch,0.6,t DM/m3,,,,,read,ipcc_2006_v4,p. 4.50,"),
        (
            "carbon_fraction,,?,t C/(t DM),,,,,user,?,?,",
            "carbon_fraction,,0.51,t C/(t DM),,,,,memory,ipcc_2006_v4,p. 4.48,",
        ),
    ),
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with one methodology."""
    for name in KEPT:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def call(checkout: Path, *words: str) -> tuple[int, str]:
    path = os.pathsep.join([str(checkout), str(ROOT), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "sinks.cli", "new", "trial", "--library", *words, "--lang", "en"]
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, encoding="utf-8")
    return done.returncode, done.stdout + done.stderr


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_two_calls_make_a_methodology_of_the_library(checkout: Path) -> None:
    before = everything(checkout)
    assert call(checkout)[0] == 0
    begun = everything(checkout)
    assert set(begun) - set(before) == {*WORDS, "tests/golden/test_trial.py"}
    assert {name: begun[name] for name in before} == before

    code, said = call(checkout)
    assert code == 2
    assert "title, source, locator" in said
    assert everything(checkout) == begun

    for name, words in WORDS.items():
        text = (checkout / name).read_text(encoding="utf-8-sig")
        for old, new in words:
            assert old in text
            text = text.replace(old, new)
        (checkout / name).write_text(text, encoding="utf-8")
    code, said = call(checkout)
    assert code == 0, said
    after = everything(checkout)
    made = {"docs/methods/trial.md", "docs/methods/fixed_rate.md", "docs/methods/README.md"}
    made |= {"docs/project-file.md", "docs/plausible-bounds.md"}
    assert set(after) - set(begun) == made
    assert "0.51" in (checkout / "docs/methods/trial.md").read_text(encoding="utf-8")
    with (checkout / "tests/golden/ledger.csv").open(encoding="utf-8", newline="") as handle:
        ledger = [row for row in csv.reader(handle) if row[0] == "trial"]
    assert [row[2] for row in ledger] == ["0.6 t DM/m3", "0.51 t C/(t DM)"]
    with (checkout / "tests/golden/witnesses.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [row["kind"] for row in rows if row["methodology"] == "trial"] == ["transcribed", "recalled"]
    # Every other row of the list stands as it stood.
    with (ROOT / "tests/golden/witnesses.csv").open(encoding="utf-8", newline="") as handle:
        assert [row for row in rows if row["methodology"] != "trial"] == list(csv.DictReader(handle))
    assert "| `trial` | hand calculation only | *2006 IPCC" in (checkout / "docs/verification.md").read_text("utf-8")

    assert call(checkout)[0] == 0
    assert everything(checkout) == after


def test_without_a_checkout_nothing_is_written(checkout: Path) -> None:
    (checkout / "tests/golden/ledger.csv").unlink()
    before = everything(checkout)
    code, said = call(checkout)
    assert (code, "not that of a checkout" in said) == (2, True)
    assert call(checkout, "--extends", "fixed_rate")[0] == 2
    assert everything(checkout) == before
