"""What was tried on a run, how far it was off, and how far it might have been."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from sinks.text import aligned, message, messages

Verdict = Literal["passed", "failed", "not_tested"]

EXACT = 0.0
"""Bar of what was written from the same number and must read back as it."""

SUM = 1e-9
"""Bar of sums, relative to the sizes of what was added: double precision leaves some 1e-13 after a million terms."""

AREA = 2e-6
"""Bar of areas, relative to the region: cells of a projected grid share their area in groups to within a millionth, and
the parts of a cell share its scale, which in UTM is up to half a millionth off."""

HALF_DIGIT = 0.5
"""Bar of the workbook's figures, in units of their last digit: what is shown is a figure of the account, rounded."""

ONE_DIGIT = 1.0
"""Bar of the figures of reports: rounded, and moved by less than a unit of the last digit so that parts add up."""

COLUMNS = ("check", "scope", "tested", "deviation", "bar", "verdict", "detail_zh", "detail_en")

CHECKS: Mapping[str, str] = {
    "manifest": "verification.manifest",
    "files": "verification.files",
    "inputs": "verification.inputs",
    "two_forms": "verification.two_forms",
    "strata_add_up": "verification.strata_add_up",
    "pools_add_up": "verification.pools_add_up",
    "ecosystems_add_up": "verification.ecosystems_add_up",
    "regions_add_up": "verification.regions_add_up",
    "stocks_and_change": "verification.stocks_and_change",
    "change_and_sink": "verification.change_and_sink",
    "units_and_signs": "verification.units_and_signs",
    "reconciliation": "verification.reconciliation",
    "total_area": "verification.total_area",
    "transitions": "verification.transitions",
    "coverage": "verification.coverage",
    "intervals": "verification.intervals",
    "region_areas": "verification.region_areas",
    "parameters": "verification.parameters",
    "sample_areas": "verification.sample_areas",
    "sample_changes": "verification.sample_changes",
    "sample_means": "verification.sample_means",
    "stands": "verification.stands",
    "geopackage": "verification.geopackage",
    "workbook": "verification.workbook",
    "report": "verification.report",
    "page": "verification.page",
    "map": "verification.map",
}
"""What is tried, in this order, and the message that says it."""


@dataclass(frozen=True)
class Deviation:
    """The greatest deviation of a comparison.

    Attributes
    ----------
    tested : int
        How many figures were compared.
    greatest : float
        By how much the worst is off; 0 where nothing is.
    where : str
        The worst, as a reader would look for it.
    """

    tested: int = 0
    greatest: float = 0.0
    where: str = ""

    def beside(self, other: Deviation) -> Deviation:
        """Both comparisons as one."""
        worst = self if self.greatest >= other.greatest else other
        return Deviation(self.tested + other.tested, worst.greatest, worst.where)


@dataclass
class Findings:
    """Rows of the result table, as they come."""

    rows: list[dict[str, Any]] = field(default_factory=list)

    def compare(self, check: str, scope: str, found: Deviation, bar: float) -> None:
        """A comparison with its bar; of nothing, it was not tested."""
        if not found.tested:
            self.leave(check, scope, "verification.nothing_there")
            return
        # What is not a number is off by any bar.
        passed = found.greatest <= bar
        said = {} if passed else {"where": found.where, "deviation": f"{found.greatest:.3g}", "bar": f"{bar:.3g}"}
        self._add(check, scope, found.tested, found.greatest, bar, passed, "" if passed else "verification.off", said)

    def fail(self, check: str, scope: str, tested: int, id: str, **values: Any) -> None:
        """What is wrong without a size."""
        self._add(check, scope, tested, math.nan, math.nan, False, id, values)

    def same(self, check: str, scope: str, tested: int) -> None:
        """What is the same, bit for bit."""
        self._add(check, scope, tested, 0.0, EXACT, True, "", {})

    def leave(self, check: str, scope: str, id: str, **values: Any) -> None:
        """What was not tested, and why."""
        self._add(check, scope, 0, math.nan, math.nan, None, id, values)

    def _add(
        self,
        check: str,
        scope: str,
        tested: int,
        deviation: float,
        bar: float,
        passed: bool | None,
        id: str,
        values: dict[str, Any],
    ) -> None:
        from sinks.text import LANGUAGES, using_language

        verdict = {True: "passed", False: "failed", None: "not_tested"}[passed]
        row = dict(zip(COLUMNS, (check, scope, tested, deviation, bar, verdict), strict=False))
        for lang in LANGUAGES:
            with using_language(lang):
                row[f"detail_{lang}"] = message(id, **values) if id else ""
        self.rows.append(row)

    def table(self) -> pd.DataFrame:
        """All rows in the order of :data:`CHECKS`."""
        frame = pd.DataFrame(self.rows, columns=list(COLUMNS))
        order = {check: place for place, check in enumerate(CHECKS)}
        kinds = {"tested": "int64", "deviation": "float64", "bar": "float64"}
        return frame.sort_values(
            "check", key=lambda column: column.map(order), kind="stable", ignore_index=True
        ).astype(kinds)


@dataclass(frozen=True)
class Verification:
    """The second path beside the first.

    Attributes
    ----------
    folder : Path
        The run.
    table : DataFrame
        ``check, scope, tested, deviation, bar, verdict, detail_zh, detail_en``; ``deviation`` is the greatest one.
    seed : int
        Of the random sample.
    regions : tuple of str
        Codes of the regions that were drawn.
    """

    folder: Path
    table: pd.DataFrame
    seed: int
    regions: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing failed."""
        return not (self.table["verdict"] == "failed").any()

    @property
    def tested(self) -> int:
        """How many figures were compared."""
        return int(self.table["tested"].sum())

    def failed(self) -> pd.DataFrame:
        """The rows that failed."""
        return self.table[self.table["verdict"] == "failed"].reset_index(drop=True)

    def summary(self) -> dict[str, Any]:
        """What the manifest of the run says of it."""
        counts = self.table["verdict"].value_counts()
        return {
            "verdict": "passed" if self.ok else "failed",
            "tested": self.tested,
            **{name: int(counts.get(name, 0)) for name in ("passed", "failed", "not_tested")},
            "failed_checks": sorted(self.failed()["check"].unique()),
            "seed": self.seed,
            "regions": list(self.regions),
        }

    def to_json(self) -> str:
        """Summary and table as JSON; what is not a number is null."""
        records = json.loads(self.table.to_json(orient="records", force_ascii=False, double_precision=15))
        return json.dumps({**self.summary(), "checks": records}, ensure_ascii=False, indent=2)

    def __str__(self) -> str:
        rows = [_head(), *self._cells()]
        details = [f"{_title(row['check'])}（{row['scope']}）：{_detail(row)}" for row in self._spoken()]
        return "\n".join([*aligned(rows, left=(0, 1, 5)), "", *details, *([""] if details else []), self.verdict()])

    def _repr_html_(self) -> str:
        frame = pd.DataFrame(list(self._cells()), columns=list(_head()))
        spoken = "".join(f"<li>{escape(_title(r['check']))}: {escape(_detail(r))}</li>" for r in self._spoken())
        return f"<p>{escape(self.verdict())}</p>{frame.to_html(index=False)}<ul>{spoken}</ul>"

    def verdict(self) -> str:
        """One sentence for a reader."""
        counts = self.summary()
        id = "verification.held" if self.ok else "verification.broken"
        return message(
            id,
            count=counts["passed"] + counts["failed"],
            failed=counts["failed"],
            tested=f"{self.tested:,}",
            left=counts["not_tested"],
            seed=self.seed,
        )

    def _cells(self) -> Iterator[tuple[str, ...]]:
        for row in self.table.to_dict("records"):
            deviation, bar = (("" if pd.isna(row[name]) else f"{row[name]:.2g}") for name in ("deviation", "bar"))
            verdict = message(_VERDICTS[row["verdict"]])
            yield _title(row["check"]), row["scope"], f"{row['tested']:,}", deviation, bar, verdict

    def _spoken(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.table.to_dict("records")  # type: ignore[assignment]  # columns have text for names
        return [row for row in rows if _detail(row)]


_VERDICTS: Mapping[str, str] = {
    "passed": "verification.passed",
    "failed": "verification.failed",
    "not_tested": "verification.not_tested",
}


def _title(check: str) -> str:
    return str(messages()[CHECKS[check]])


def _detail(row: Mapping[Any, Any]) -> str:
    from sinks.text import language

    return str(row[f"detail_{language()}"])


def _head() -> tuple[str, ...]:
    return tuple(message("verification.columns").split("|"))
