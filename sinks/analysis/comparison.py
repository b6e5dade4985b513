"""Methodologies side by side, and why they differ.

A comparison is never part of the account: different approaches measure different things, and their sinks are not
additive.  Each entry is accounted for by itself, so that what it says of an ecosystem stands alone, and the table of
reasons says in which respects it is not the methodology of record.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from sinks.account.account import AccountInputs, Entry, Measure
from sinks.assessment.answer import Answer
from sinks.errors import SinksError
from sinks.folds import table
from sinks.methodology import Bound, Registry
from sinks.text import aligned, language, message
from sinks.uncertainty.draws import Draws
from sinks.vocabulary import ALL, ecosystems, pools, quantities

CANDIDATE = "candidate"
"""Role of a methodology that the project does not name but that could run on its data."""

FIGURES = (
    "region_code",
    "region_name",
    "level",
    "ecosystem",
    "quantity",
    "period",
    "methodology",
    "role",
    "pools",
    "value",
    "low",
    "high",
    "unit",
    "coverage",
    "ratio",
)
REASONS = (
    "methodology",
    "role",
    "ecosystem",
    "title",
    "approach",
    "tier",
    "pools",
    "soil_depth_cm",
    "edition",
    "accounts_for",
    "area_source",
    "parameters",
    "unverified",
    "without_interval",
    "differs_in",
)
REFUSALS = ("methodology", "ecosystem", "reason")

# What is compared with the methodology of record, column by column, to say why two figures differ.
_RESPECTS = ("approach", "tier", "pools", "soil_depth_cm", "edition", "area_source", "unverified")

_SHOWN_QUANTITIES = ("carbon_stock", "net_removals")
_UNITS = {"carbon_stock": "compare.unit_carbon_stock", "net_removals": "compare.unit_net_removals"}
_TEN_THOUSAND = 1e4


@dataclass(frozen=True, repr=False)
class Comparison(Answer):
    """What every applicable methodology says, and why they differ.

    Attributes
    ----------
    figures : DataFrame
        Columns :data:`FIGURES`, a row for each region, ecosystem, quantity, period and entry; ``ratio`` is the value
        over what the account of record says of the same ecosystem and families of pools, NaN where it says nothing.
    reasons : DataFrame
        Columns :data:`REASONS`, a row for each entry and ecosystem; ``differs_in`` names the respects in which it is
        not like any entry of record.
    refusals : DataFrame
        Columns :data:`REFUSALS`: methodologies that cannot run on the data at hand, and why.
    """

    figures: pd.DataFrame
    reasons: pd.DataFrame
    refusals: pd.DataFrame

    def data(self) -> dict[str, pd.DataFrame]:
        return {f"compare_{name}": getattr(self, name) for name in ("figures", "reasons", "refusals")}

    def glance(self) -> list[pd.DataFrame]:
        return list(self._titled().values())

    def remarks(self) -> list[str]:
        return [message("compare.not_additive")]

    def _titled(self) -> dict[str, pd.DataFrame]:
        """The parts that hold anything, by their titles."""
        parts = {
            "compare.figures": _shown_figures(self.figures),
            "compare.reasons": _shown_reasons(self.reasons),
            "compare.refusals": _shown_refusals(self.refusals),
        }
        return {message(id): part for id, part in parts.items() if len(part)}

    def __str__(self) -> str:
        blocks = ["\n".join([title, *_in_columns(part)]) for title, part in self._titled().items()]
        return "\n\n".join([*blocks, "\n".join(self.said())])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        parts = self._titled().items()
        tables = "".join(f"<p><b>{escape(title)}</b></p>{table(part)}" for title, part in parts)
        return tables + "".join(f"<p>{escape(line)}</p>" for line in self.said()) + self._unfolding()


def compare(
    basis: AccountInputs, entries: Sequence[Entry], draws: Draws | None = None, registry: Registry | None = None
) -> Comparison:
    """Account for each ecosystem by every entry alone.

    Parameters
    ----------
    basis : AccountInputs
        Activity, regions, dates and periods.
    entries : sequence of Entry
        Of the project, of record and for comparison.
    draws : Draws, optional
        Without it there are no intervals.
    registry : Registry, optional
        Try every methodology of it too, on the data at hand and with the choices that the project made for it.

    Returns
    -------
    Comparison
    """
    tried: list[tuple[Entry, str]] = [
        (replace(entry, ecosystems=(name,)), entry.role) for entry in entries for name in entry.ecosystems
    ]
    candidates = [] if registry is None else list(_candidates(basis, entries, registry))
    tried += [(entry, CANDIDATE) for entry in candidates]
    figures, by_pool, reasons, refusals = [], [], [], []
    for entry, role in tried:
        alone = replace(entry, role="record")
        try:
            made = basis.account([alone], draws)
        except SinksError as error:
            refusals.append((entry.method.id, entry.ecosystems[0], "; ".join(map(str, error.problems))))
            continue
        own = made.table[(made.table["ecosystem"] == entry.ecosystems[0]) & (made.table["stratum"] == ALL)]
        own = own[(own["quantity"] != "area") & (own["coverage"] > 0)]
        rows = own[own["pool"] == ALL].assign(methodology=entry.method.id, role=role, pools="+".join(entry.pools))
        if role == "record":
            by_pool.append(own[own["pool"] != ALL])
        if not rows.empty:
            figures.append(rows)
            reasons.append(_reasons_of(entry, role, made.used[0][1].tolist()))
    table = pd.DataFrame(reasons, columns=list(REASONS))
    return Comparison(
        _ratios(pd.concat(figures, ignore_index=True), by_pool) if figures else pd.DataFrame(columns=list(FIGURES)),
        table.assign(differs_in=_differences(table)),
        pd.DataFrame(refusals, columns=list(REFUSALS)),
    )


def _candidates(basis: AccountInputs, entries: Sequence[Entry], registry: Registry) -> Iterator[Entry]:
    """Methodologies that the project does not use for an ecosystem, with the choices it made for them elsewhere."""
    used = {(entry.method.id, name) for entry in entries for name in entry.ecosystems}
    present = set(basis.activity.states["ecosystem"])
    bound_here = {entry.method.id: entry.method for entry in entries}
    for id in registry.ids:
        method = bound_here.get(id) or registry.get(id)
        for name in method.methodology.ecosystems:
            if name in present and (id, name) not in used and method.pools:
                yield Entry(method, (name,), method.pools, _measures(method), basis.area_source[name], "comparison")


def _measures(method: Bound) -> tuple[Measure, ...]:
    stocks = all(method.kind(pool) in ("density", "stock_total") for pool in method.pools)
    return ("stock", "sink") if stocks else ("sink",)


def _ratios(figures: pd.DataFrame, by_pool: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Add the ratio to what the entries of record say of the same carbon: the pools of the same families."""
    keys = ["region_code", "ecosystem", "quantity", "period"]
    record = pd.concat(by_pool, ignore_index=True) if by_pool else pd.DataFrame(columns=[*keys, "pool", "value"])
    record = record.assign(family=record["pool"].map(_family))
    parts = []
    for families, rows in figures.groupby(figures["pools"].map(_families), sort=False):
        same = record if "ecosystem" in families else record[record["family"].isin(families)]
        joined = rows.join(same.groupby(keys)["value"].sum().rename("record"), on=keys)
        parts.append(joined["value"] / joined["record"].where(joined["record"] != 0))
    ratio = pd.concat(parts).astype(float).reindex(figures.index)
    return figures.assign(ratio=ratio)[list(FIGURES)]


def _family(pool: str) -> str:
    return pools()[pool].group


def _families(listed: str) -> frozenset[str]:
    return frozenset(_family(pool) for pool in listed.split("+"))


def _reasons_of(entry: Entry, role: str, rows: Sequence[int]) -> dict[str, Any]:
    """What one entry is, in the respects that make figures differ."""
    method, used = entry.method.methodology, entry.method.table.frame.iloc[list(rows)]
    depth = method.soil_depth_cm if "soil_organic_carbon" in entry.pools else None
    return {
        "methodology": method.id,
        "role": role,
        "ecosystem": entry.ecosystems[0],
        "title": str(method.title),
        "approach": method.approach,
        "tier": method.tier,
        "pools": "+".join(entry.pools),
        "soil_depth_cm": "" if depth is None else f"{depth[0]}-{depth[1]}",
        "edition": entry.method.edition or "",
        "accounts_for": "+".join(entry.accounts_for),
        "area_source": entry.source,
        "parameters": len(used),
        "unverified": int(used["unverified"].sum()),
        "without_interval": int((used["interval"] == "").sum()),
    }


def _differences(reasons: pd.DataFrame) -> list[str]:
    """For each entry, the respects in which no entry of record for the same ecosystem is like it."""
    found = []
    for _, row in reasons.iterrows():
        record = reasons[(reasons["role"] == "record") & (reasons["ecosystem"] == row["ecosystem"])]
        if row["role"] == "record" or record.empty:
            found.append("")
        else:
            found.append("+".join(name for name in _RESPECTS if row[name] not in set(record[name])))
    return found


def _shown_figures(figures: pd.DataFrame) -> pd.DataFrame:
    """The last period and date of every quantity in ten thousands, for the outermost regions."""
    wanted = figures[figures["quantity"].isin(_SHOWN_QUANTITIES)].copy()
    if wanted.empty:
        return wanted
    last = wanted.groupby("quantity")["period"].transform("max")
    # Rows of the highest level stand first.  Only that level is summarised here; the table has the others.
    wanted = wanted[(wanted["period"] == last) & (wanted["level"] == wanted["level"].iloc[0])]
    name = {quantity: f"{quantities()[quantity].label}" for quantity in _SHOWN_QUANTITIES}
    unit = {quantity: message(id) for quantity, id in _UNITS.items()}
    shown = pd.DataFrame(
        {
            message("compare.region"): wanted["region_name"],
            message("compare.ecosystem"): wanted["ecosystem"].map(_ecosystem),
            message("compare.quantity"): wanted["quantity"].map(name) + " " + wanted["period"],
            message("compare.unit"): wanted["quantity"].map(unit),
            message("compare.pools"): [_listed(cell, _pool) for cell in wanted["pools"]],
            message("compare.methodology"): wanted["methodology"],
            message("compare.role"): wanted["role"].map(_role),
            message("compare.value"): [f"{value / _TEN_THOUSAND:,.2f}" for value in wanted["value"]],
            message("compare.interval"): [
                _interval(low, high) for low, high in zip(wanted["low"], wanted["high"], strict=True)
            ],
            message("compare.ratio"): [f"{ratio:.2f}" if np.isfinite(ratio) else "" for ratio in wanted["ratio"]],
        }
    )
    order = wanted.assign(place=np.arange(len(wanted))).sort_values(
        ["region_code", "ecosystem", "quantity", "place"], kind="stable"
    )
    ordered: pd.DataFrame = shown.loc[order.index]
    return ordered


def _shown_reasons(reasons: pd.DataFrame) -> pd.DataFrame:
    if reasons.empty:
        return reasons
    columns = {
        "compare.methodology": reasons["methodology"],
        "compare.role": reasons["role"].map(_role),
        "compare.ecosystem": reasons["ecosystem"].map(_ecosystem),
        "compare.approach": reasons["approach"].map(_approach),
        "compare.tier": reasons["tier"],
        "compare.pools": [_listed(cell, _pool) for cell in reasons["pools"]],
        "compare.depth": reasons["soil_depth_cm"],
        "compare.edition": reasons["edition"],
        "compare.area_source": reasons["area_source"],
        "compare.unverified": reasons["unverified"].astype(str) + "/" + reasons["parameters"].astype(str),
        "compare.differs": [_listed(cell, _respect) for cell in reasons["differs_in"]],
    }
    return pd.DataFrame({message(id): column for id, column in columns.items()})


def _shown_refusals(refusals: pd.DataFrame) -> pd.DataFrame:
    """One line for each methodology and reason: the same is mostly wanting for all of its ecosystems."""
    if refusals.empty:
        return refusals
    joined = "、" if language() == "zh" else ", "
    alike = refusals.assign(reason=refusals["reason"].map(_first_sentence))
    alike = alike.groupby(["methodology", "reason"], sort=False)["ecosystem"].agg(list).reset_index()
    columns = {
        "compare.methodology": alike["methodology"],
        "compare.ecosystem": [joined.join(map(_ecosystem, found)) for found in alike["ecosystem"]],
        "compare.reason": alike["reason"],
    }
    return pd.DataFrame({message(id): column for id, column in columns.items()})


def _first_sentence(reason: str) -> str:
    """What is wanting, without the advice that follows and without further reasons; the table has them in full."""
    return re.split(r"。|; |\. ", reason, maxsplit=1)[0]


def _in_columns(table: pd.DataFrame) -> list[str]:
    """A table as lines, its figures flush right."""
    figures = {message(f"compare.{name}") for name in ("value", "interval", "ratio", "tier")}
    left = [place for place, name in enumerate(table.columns) if name not in figures]
    rows = [list(map(str, table.columns)), *(list(map(str, row)) for row in table.itertuples(index=False))]
    return aligned(rows, left)


def _interval(low: float, high: float) -> str:
    return f"{low / _TEN_THOUSAND:,.2f} ~ {high / _TEN_THOUSAND:,.2f}" if np.isfinite(low) else ""


def _listed(cell: str, name: Callable[[str], str]) -> str:
    return ("、" if language() == "zh" else ", ").join(name(word) for word in cell.split("+") if word)


def _ecosystem(id: str) -> str:
    return str(ecosystems()[id].label)


def _pool(id: str) -> str:
    return str(pools()[id].label)


def _role(id: str) -> str:
    ids = {
        "record": "compare.role_record",
        "comparison": "compare.role_comparison",
        CANDIDATE: "compare.role_candidate",
    }
    return message(ids[id])


def _approach(id: str) -> str:
    ids = {
        "stock_difference": "compare.stock_difference",
        "gain_loss": "compare.gain_loss",
        "rate": "compare.rate",
        "nep": "compare.nep",
    }
    return message(ids[id])


def _respect(id: str) -> str:
    ids = {
        "approach": "compare.approach",
        "tier": "compare.tier",
        "pools": "compare.pools",
        "soil_depth_cm": "compare.depth",
        "edition": "compare.edition",
        "area_source": "compare.area_source",
        "unverified": "compare.unverified",
    }
    return message(ids[id])
