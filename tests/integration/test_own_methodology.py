"""A bureau's own methodology in the documents of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from docx import Document

import sinks
from sinks.methodology.starter import new


def test_the_annex_prints_the_equation_of_a_bureau_s_own(world: Any, tmp_path: Path) -> None:
    module, table = new("our_volume", folder=tmp_path)
    text = module.read_text(encoding="utf-8").replace(r"C = V \\cdot BCEF", r"C = 7 V \\cdot BCEF")
    module.write_text(text.replace("?", "bureau_survey"), encoding="utf-8")
    rows = table.read_text(encoding="utf-8-sig").splitlines()
    columns = rows[0].split(",")
    filled = {"value": "0.5", "source": "bureau_survey", "locator": "p. 1"}
    cells = [dict(zip(columns, row.split(","), strict=True)) | filled for row in rows[1:]]
    pd.DataFrame(cells)[columns].to_csv(table, index=False, encoding="utf-8-sig")
    own = {"id": "our_volume", "ecosystems": ["forest"]}
    project = world.project(methodology_files=[str(module)], methodologies=[own])
    project["project"]["draws"] = 0
    run = sinks.run(sinks.Project.from_dict(project, folder=tmp_path), trust=True)
    equations = {one["id"]: one["equations"] for one in run.contents.record["methodologies"]}
    assert equations == {"our_volume": ["C = 7 V · BCEF · CF"]}
    run.write(tmp_path / "out")
    # From the folder alone, without the file of the methodology.
    module.unlink()
    _, annex = sinks.open_run(tmp_path / "out").report("150600", out=tmp_path / "report")
    assert "C = 7 V · BCEF · CF" in [paragraph.text for paragraph in Document(str(annex)).paragraphs]
