"""How a run shows itself in a terminal and in a notebook: one readable table, and what must be known with it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape

import pandas as pd

from sinks.account.amounts import latest
from sinks.results.contents import RunContents
from sinks.results.labels import label
from sinks.results.shown_tables import TEN_THOUSAND, shown_checks
from sinks.text import aligned, at_a_glance, message
from sinks.vocabulary import ALL

_COLUMNS = ("area", "carbon_stock", "net_removals", "low", "high", "coverage")


def summary(account: pd.DataFrame) -> pd.DataFrame:
    """Every region with area and stock at the last date and net removals of the whole period, in 10^4 units.

    Returns
    -------
    DataFrame
        Indexed by region name; columns ``area``, ``carbon_stock``, ``net_removals``, ``low``, ``high``, ``coverage``;
        ``attrs`` names the date or period of each, and how many regions a reader is shown.
    """
    totals = account[(account["ecosystem"] == ALL) & (account["stratum"] == ALL) & (account["pool"] == ALL)]
    names = totals.drop_duplicates("region_code").set_index("region_code")["region_name"]
    table = pd.DataFrame(index=names.index, columns=list(_COLUMNS), dtype=float)
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
        if quantity == "area":
            table["coverage"] = rows["coverage"]
    levels = totals.drop_duplicates("region_code")["level"]
    table.attrs["shown"] = at_a_glance(levels.value_counts(sort=False))
    return table.set_axis(names.to_numpy(), axis=0)


def as_text(contents: RunContents) -> str:
    """The summary for a terminal, columns aligned for Chinese names too."""
    table = summary(contents.account)
    head, body = _header(table), _lines(table)
    return "\n".join([*_heading(contents), "", *aligned([head, *body]), *_omitted(table), "", *_findings(contents)])


def as_html(contents: RunContents) -> str:
    """The summary for a notebook."""
    table = summary(contents.account)
    head = "".join(f"<th>{escape(name)}</th>" for name in _header(table))
    rows = "".join(_html_row(line) for line in _lines(table))
    notes = "".join(f"<li>{escape(line)}</li>" for line in (*_omitted(table), *_findings(contents)))
    title = "<br>".join(escape(line) for line in _heading(contents))
    return f"<p><b>{title}</b></p><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table><ul>{notes}</ul>"


def _header(table: pd.DataFrame) -> list[str]:
    periods = table.attrs
    return [label("summary_region"), *(f"{periods.get(c, '')} {label(f'summary_{c}')}".strip() for c in table.columns)]


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
    """How many checks passed, every failure in full, and of each kind of warning the first."""
    checks = shown_checks(contents.checks)
    counts = checks["status"].value_counts()
    shown = {status: int(counts.get(status, 0)) for status in ("passed", "note", "warning", "failed")}
    failed = checks[checks["status"] == "failed"]
    return [
        message("output.check_counts", **shown),
        *(f"{where}: {detail}" for where, detail in zip(failed["where"], failed["detail"], strict=True)),
        *_first_warnings(checks[checks["status"] == "warning"]),
    ]


def _first_warnings(warnings: pd.DataFrame) -> Iterator[str]:
    """One line for each kind: a coarse map can warn of every region and pool."""
    for _, alike in warnings.groupby("check", sort=False):
        line = f"{alike['where'].iloc[0]}: {alike['detail'].iloc[0]}"
        yield line if len(alike) == 1 else line + message("output.more_alike", count=len(alike) - 1)


def _lines(table: pd.DataFrame) -> list[list[str]]:
    """Name and figures of every region as they are shown."""
    lines = []
    shown_rows = table.head(table.attrs["shown"])
    for name, row in zip(shown_rows.index, shown_rows.to_numpy(float).tolist(), strict=True):
        *amounts, coverage = row
        shown = ["" if math.isnan(value) else f"{value:,.2f}" for value in amounts]
        lines.append([str(name), *shown, f"{coverage:.1%}"])
    return lines
