"""How a run shows itself in a terminal and in a notebook: one readable table, and what must be known with it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape

import pandas as pd

from sinks.account.amounts import latest
from sinks.account.basis import ORDER as BASES
from sinks.account.totals import whole_of
from sinks.folds import folded, of_frame
from sinks.results.contents import RunContents
from sinks.results.in_words import share_in_words
from sinks.results.labels import label, term
from sinks.results.leading_checks import LEADING, leading_first
from sinks.results.partial_intervals import covered_share, is_partial, least_share
from sinks.results.shown_tables import TEN_THOUSAND, shown_checks
from sinks.results.withheld import withheld
from sinks.text import aligned, at_a_glance, message
from sinks.vocabulary import ALL

_COLUMNS = ("area", "carbon_stock", "net_removals", "low", "high", "coverage")
_FEW = 10
"""Rows that show what a long table holds."""
_MOST_NAMES = 3
_LEAST_SHARE = 5e-4
"""A share below this would be printed as 0.0 %."""


def summary(account: pd.DataFrame) -> pd.DataFrame:
    """Every region with area and stock at the last date and net removals of the whole period, in 10^4 units.

    Returns
    -------
    DataFrame
        Indexed by region name; columns ``area``, ``carbon_stock``, ``net_removals``, ``low``, ``high``, ``coverage``;
        ``attrs`` names the date or period of each, how many regions a reader is shown, the codes of the regions and
        the share of their removals that has a stated uncertainty.
    """
    totals = whole_of(account)
    names = totals.drop_duplicates("region_code").set_index("region_code")["region_name"]
    table = pd.DataFrame(index=names.index, columns=list(_COLUMNS), dtype=float)
    table.attrs |= {"codes": list(names.index), "uncertain_share": [math.nan] * len(names)}
    for quantity in ("area", "carbon_stock", "net_removals"):
        rows = totals[totals["quantity"] == quantity].set_index("region_code")
        if rows.empty:
            continue
        period = latest(rows["period"].unique())
        rows = rows[rows["period"] == period].reindex(names.index)
        table[quantity] = rows["value"] / TEN_THOUSAND
        table.attrs[quantity] = period
        if quantity == "net_removals":
            table["low"], table["high"] = rows["low"] / TEN_THOUSAND, rows["high"] / TEN_THOUSAND
            table.attrs["uncertain_share"] = [float(share) for share in rows["uncertain_share"]]
        if quantity == "area":
            table["coverage"] = rows["coverage"]
    levels = totals.drop_duplicates("region_code")["level"]
    table.attrs["shown"] = at_a_glance(levels.value_counts(sort=False))
    return table.set_axis(names.to_numpy(), axis=0)


def as_text(contents: RunContents) -> str:
    """The summary for a terminal, columns aligned for Chinese names too."""
    head, body, notes = _shown(contents)
    return "\n".join([*_heading(contents), "", *aligned([head, *body]), *notes, "", *_findings(contents)])


def as_html(contents: RunContents) -> str:
    """The summary for a notebook."""
    names, body, beneath = _shown(contents)
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    rows = "".join(_html_row(line) for line in body)
    notes = "".join(f"<li>{escape(line)}</li>" for line in (*beneath, *_findings(contents)))
    title = "<br>".join(escape(line) for line in _heading(contents))
    glance = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table><ul>{notes}</ul>"
    return f"<p><b>{title}</b></p>{glance}{''.join(_unfolding(contents))}"


def _unfolding(contents: RunContents) -> Iterator[str]:
    """What stands behind the summary, part by part."""
    account = contents.account
    totals = whole_of(account)
    files = pd.DataFrame(contents.record.get("inputs") or [])
    for part in (
        of_frame("folds.totals", totals),
        of_frame("folds.comparison", contents.comparison, _FEW),
        of_frame("folds.checks", shown_checks(contents.checks, regions=contents.regions.frame)),
        of_frame("folds.parameters", contents.parameters_used),
        of_frame("folds.documents", contents.sources),
        of_frame("folds.files", files),
    ):
        if part.body:
            yield folded(part.title, [part._replace(opened=True)], opened=False)


def _shown(contents: RunContents) -> tuple[list[str], list[list[str]], list[str]]:
    """Header, lines and what stands beneath them: regions left out, figures without interval, figures withheld."""
    table = summary(contents.account)
    period = str(table.attrs.get("net_removals", ""))
    doubted = {code for code, when in withheld(contents) if when == period}
    shown = table.head(table.attrs["shown"])
    mute = [code in doubted for code in table.attrs["codes"]][: len(shown)]
    # Where none of the regions has an interval, no column speaks of one.
    known = any(pd.notna(low) and not one for low, one in zip(shown["low"], mute, strict=True))
    columns = [name for name in _COLUMNS if known or name not in ("low", "high")]
    beneath = [*_omitted(table), *_beneath(contents, shown, mute), *_basis(contents)]
    return _header(table, columns), _lines(shown[columns], mute), beneath


def _header(table: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    periods = table.attrs
    return [label("summary_region"), *(f"{periods.get(c, '')} {label(f'summary_{c}')}".strip() for c in columns)]


def _beneath(contents: RunContents, shown: pd.DataFrame, mute: Sequence[bool]) -> list[str]:
    """What is said of the removals in place of a number or of an interval, in one sentence for all regions alike."""
    period, least = str(shown.attrs.get("net_removals", "")), least_share(contents.record)
    shares = shown.attrs["uncertain_share"][: len(shown)]
    doubted = [str(name) for name, one in zip(shown.index, mute, strict=True) if one]
    partial = {
        str(name): share
        for name, value, low, share, one in zip(
            shown.index, shown["net_removals"], shown["low"], shares, mute, strict=True
        )
        if not one and is_partial(value, low, share, least)
    }
    found = [label("summary_withheld", names=_names(doubted), period=period)] if doubted else []
    if partial:
        low, high = covered_share(min(partial.values())), covered_share(max(partial.values()))
        share = low if low == high else label("summary_range", low=low, high=high)
        found.append(label("summary_partial", names=_names(list(partial)), period=period, share=share))
    return found


def _basis(contents: RunContents) -> list[str]:
    """What stock and removals of the first region rest on, in one sentence."""
    table = contents.tables.get("basis")
    if table is None or table.empty:
        return []
    first = contents.account["region_code"].iloc[0]
    whole = table[(table["region_code"] == first) & (table["ecosystem"] == ALL)]
    found = []
    for quantity, rows in whole.groupby("quantity", sort=False):
        row = rows[rows["period"] == latest(rows["period"].unique())].iloc[0]
        parts = {basis: row[basis] for basis in BASES if row.get(basis, 0) >= _LEAST_SHARE}
        named = [f"{label(f'column.{basis}').lower()} {share_in_words(share)}" for basis, share in parts.items()]
        shares = label("list.separator").join(named)
        if shares:
            of = {"quantity": term("quantity", str(quantity)), "period": row["period"]}
            found.append(label("summary_basis_of", shares=shares, **of))
    name = str(whole["region_name"].iloc[0]) if len(whole) else ""
    return [label("summary_basis", name=name, shares=label("summary_basis_and").join(found))] if found else []


def _names(regions: Sequence[str]) -> str:
    named = label("list.separator").join(regions[:_MOST_NAMES])
    return named if len(regions) <= _MOST_NAMES else label("summary_names", names=named, count=len(regions))


def _omitted(table: pd.DataFrame) -> list[str]:
    more = len(table) - table.attrs["shown"]
    return [message("output.more_regions", count=more)] if more else []


def _html_row(line: list[str]) -> str:
    name, *cells = map(escape, line)
    return f"<tr><th style='text-align:left'>{name}</th>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _heading(contents: RunContents) -> list[str]:
    lines = [str(contents.record.get("title", ""))]
    if contents.record.get("demonstration"):
        lines.append(message("output.demonstration"))
    return lines


def _findings(contents: RunContents) -> list[str]:
    """How many checks passed; of those that bear on every figure the first of each kind, then every failure in full,
    and of each kind of warning the first."""
    checks = leading_first(shown_checks(contents.checks, regions=contents.regions.frame))
    counts = checks["status"].value_counts()
    shown = {status: int(counts.get(status, 0)) for status in ("passed", "note", "warning", "failed")}
    leading = checks["check"].isin(LEADING)
    failed = checks[checks["status"] == "failed"]
    return [
        message("output.check_counts", **shown),
        *(f"{where}: {detail}" for where, detail in zip(failed["where"], failed["detail"], strict=True)),
        *_first_of_kind(checks[leading & checks["status"].isin(["warning", "note"])]),
        *_first_of_kind(checks[~leading & (checks["status"] == "warning")]),
    ]


def _first_of_kind(checks: pd.DataFrame) -> Iterator[str]:
    """One line for each kind: a coarse map can warn of every region and pool."""
    for _, alike in checks.groupby("check", sort=False):
        line = f"{alike['where'].iloc[0]}: {alike['detail'].iloc[0]}"
        yield line if len(alike) == 1 else line + message("output.more_alike", count=len(alike) - 1)


def _lines(table: pd.DataFrame, mute: Sequence[bool]) -> list[list[str]]:
    """Name and figures of every region as they are shown; ``mute`` are those whose removals are withheld."""
    lines = []
    for name, row, silent in zip(table.index, table.to_dict("records"), mute, strict=True):
        shown = ["" if math.isnan(value) else f"{value:,.2f}" for value in list(row.values())[:-1]]
        if silent:
            of_sink = [place for place, column in enumerate(row) if column in ("net_removals", "low", "high")]
            shown = ["" if place in of_sink else text for place, text in enumerate(shown)]
            shown[of_sink[0]] = label("withheld.headline")
        lines.append([str(name), *shown, share_in_words(row["coverage"])])
    return lines
