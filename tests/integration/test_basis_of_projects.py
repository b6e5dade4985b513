"""The projects that ship rest on numbers that were read, or computed from what was read, in every region and figure."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import sinks

LEAST = 0.95


@pytest.mark.parametrize("name", ["ordos", "ningxia"])
def test_headlines_rest_on_what_was_read(name: str, tmp_path: Path) -> None:
    text = Path(f"data/projects/{name}.toml").read_text(encoding="utf-8")
    content = sinks.Project.read(f"data/projects/{name}.toml")
    assert "growing_stock_linear" in text
    run = sinks.run(content.model_copy(update={"project": content.project.model_copy(update={"draws": 0})}))
    whole = run.basis[run.basis["ecosystem"] == "all"]
    assert set(whole["quantity"]) == {"carbon_stock", "net_removals"}
    leagues = whole[whole["level"] != "banner"]
    assert (leagues["read"] + leagues["derived"] >= LEAST).all(), leagues
    # A figure of zero rests on nothing.
    assert (whole.loc[whole["size"] > 0, "memory"] == 0).all()
    assert "rests_on_memory" not in set(run.checks["check"])
    folder = run.write(tmp_path / "out")
    again = pd.read_csv(folder / "basis.csv", encoding="utf-8-sig", dtype={"region_code": str})
    assert again["read"].to_numpy() == pytest.approx(run.basis["read"].to_numpy(), nan_ok=True)
    assert sinks.open_run(folder).basis["read"].equals(run.basis["read"])
