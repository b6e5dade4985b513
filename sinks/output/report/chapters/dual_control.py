"""Chapter 7: what the sink means for the league under dual control; only the assessment speaks here."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite

import pandas as pd

from sinks.assessment.input_tables import RESULT, measures
from sinks.assessment.retold import retold, retold_rules
from sinks.assessment.withheld import INTERVAL, NOISE
from sinks.output.figures import PathPoint, Step, target_path, waterfall
from sinks.output.report.assessed import VERDICTS, RegionAssessment, assessed, below, counts
from sinks.output.report.blocks import Block, Chapters, Paragraph, Table
from sinks.output.report.facts import Amount, Region
from sinks.output.report.grammar import level_name
from sinks.output.report.page import Page, headers
from sinks.output.report.words import (
    ABSENT,
    amount,
    in_print,
    joined,
    known_word,
    percent,
    printed,
    said,
    sentences,
    word,
)
from sinks.results.labels import label, term
from sinks.vocabulary import ALL

TAGS = ("table_dual", "table_dual_regions", "table_dual_intensity", "table_rules", "figure_dual", "figure_dual_path")

TERMS = (
    "emissions_energy",
    "emissions_process",
    "emissions_net_imported_power",
    "emissions",
    "abatement",
    "sink",
    "uncertainty_deducted",
    "reference_level",
    "ccer_deducted",
    "cap",
    "sink_counted",
    "ccer_received",
    "adjusted_emissions",
    "expected_total",
    "gap_gross",
    "gap_net",
)
SHARES = (
    "change_gross",
    "change_net_net",
    "change_net_report_year",
    "change",
    "required_change",
    "margin",
    "probability_met",
)
LEVELS = {"emissions", "adjusted_emissions"}
SUMS = {"emissions", "sink_counted", "adjusted_emissions"}


def blocks(page: Page) -> Chapters:
    """Tags ``dual_text`` and :data:`TAGS`."""
    table = assessed(page)
    lower = below(page)
    if table.year is None and not lower:
        key = "dual.needs" if page.assessment is None else "dual.not_for_region"
        return {"dual_text": (Paragraph(word(key)),)} | dict.fromkeys(TAGS, ())
    found: Chapters = dict.fromkeys(TAGS, ())
    texts = [_regions_text(page, lower)] if lower else []
    if table.year is not None:
        texts = _text(page, table) + texts
        found |= {
            "table_dual": _terms(page, table),
            "table_dual_intensity": _intensity(page, table),
            "figure_dual": _waterfall(page, table),
            "figure_dual_path": _path(page, table),
        }
    texts.append(_assumed(page))
    found |= {
        "table_dual_regions": _regions(page, lower),
        "table_rules": page.facts.once("rules", lambda: _rules(page)),
    }
    return found | {"dual_text": tuple(Paragraph(text) for text in texts if text)}


def _text(page: Page, table: RegionAssessment) -> list[str]:
    emissions, counted_sink = table.get("emissions"), table.get("sink_counted")
    first = word(
        "dual.emissions",
        region=page.region.name,
        year=table.year,
        emissions=said("emission", emissions.value),
        abatement=said("emission", table.get("abatement").value if table.get("abatement").known else 0.0),
    )
    sink = word(
        "dual.counted" if counted_sink.value >= 0 else "dual.counted_source",
        value=said("emission", abs(counted_sink.value)),
        share=percent(abs(counted_sink.value) / emissions.value) if emissions.value > 0 else ABSENT,
        adjusted=said("emission", table.get("adjusted_emissions").value),
    )
    if table.why("adjusted_emissions") == NOISE:
        sink = word("dual.counted_withheld", headline=label("withheld.headline"))
    return [
        sentences(first, sink, page.see("table_dual", "figure_dual")),
        _verdict(page, table),
        _gap(table),
        _presentations(table),
    ]


def _verdict(page: Page, table: RegionAssessment) -> str:
    """Intensity binds: met, not met, or undecided, each with its probability."""
    verdict, why = table.get("verdict").value, table.why("verdict")
    if not isfinite(verdict) and not why:
        return word("dual.no_verdict")
    shares = {"change": "change", "required": "required_change"}
    values = {key: percent(table.get(name).value, table.decimals) for key, name in shares.items()}
    if why:
        text = word(f"dual.withheld_{why}", **({} if why == NOISE else values))
    else:
        probability = word("dual.probability", probability=percent(table.get("probability_met").value))
        text = word(f"dual.verdict_{VERDICTS[verdict]}", **values, probability=probability)
    without = table.get("verdict_without_sink").value
    changed = isfinite(without) and without != verdict
    alone = word(f"dual.without_{'met' if without > 0 else 'not_met'}") if changed else ""
    return sentences(text, alone, page.see("table_dual_intensity"))


def _gap(table: RegionAssessment) -> str:
    """The total is elastic: a gap and never a verdict."""
    gap = table.get("gap_net")
    if not gap.known or table.why("gap_net"):
        return ""
    return word("dual.gap_above" if gap.value > 0 else "dual.gap_below", value=said("emission", abs(gap.value)))


def _presentations(table: RegionAssessment) -> str:
    three = [table.get(name).value for name in ("change_gross", "change_net_net", "change_net_report_year")]
    if not all(map(isfinite, three)) or table.why("change_net_net"):
        return ""
    gross, net, flattering = (percent(part, table.decimals) for part in three)
    return word("dual.presentations", gross=gross, net=net, flattering=flattering)


def _assumed(page: Page) -> str:
    rules = page.assessment
    if rules is None:
        return ""
    assumed = rules.loc[rules["basis"] == "assumed", "quantity"].nunique()
    return sentences(word("dual.assumed", count=int(assumed)), page.see("table_rules")) if assumed else ""


def _regions_text(page: Page, lower: list[tuple[Region, RegionAssessment]]) -> str:
    known = {key: count for key, count in counts(lower).items() if count}
    if not known:
        return page.see("table_dual_regions")
    count = sum(known.values())
    values = {"count": count, "year": lower[0][1].year, "level": level_name(page.facts, lower[0][0].level, count)}
    if len(known) == 1 and count > 1:
        text = word(f"dual.all_{next(iter(known))}", **values)
    else:
        clauses = (word(f"dual.count_{key}", count=count) for key, count in known.items())
        text = word("dual.regions", **values, clauses=word("clause.separator").join(clauses))
    return sentences(text, page.see("table_dual_regions"))


def _regions(page: Page, lower: list[tuple[Region, RegionAssessment]]) -> tuple[Block, ...]:
    if not lower:
        return ()
    rows = []
    doubtful = [child.name for child, table in lower if table.near_zero]
    for child, table in lower:
        verdict = "withheld" if table.why("verdict") else VERDICTS.get(table.get("verdict").value)
        rows.append(
            [
                child.name,
                *(table.shown(n, amount, short=True)[0] for n in ("emissions", "sink_counted", "adjusted_emissions")),
                *(table.shown(n, table.percent, short=True)[0] for n in ("change", "required_change")),
                word(f"verdict.{verdict}") if verdict else ABSENT,
            ]
        )
    names = ("emissions", "sink_counted", "adjusted_emissions", "reduction", "required", "verdict")
    return (
        Table(
            "table_dual_regions",
            word("caption.table_dual_regions", region=page.region.name, year=lower[0][1].year),
            headers("region", *names),
            rows,
            unit=word("unit.emissions"),
            notes=[*([word("note.near_zero", regions=joined(doubtful))] if doubtful else []), *_withheld(lower)],
        ),
    )


def _withheld(lower: list[tuple[Region, RegionAssessment]]) -> Iterator[str]:
    """Whose verdict is withheld, and why."""
    for reason in (NOISE, INTERVAL):
        names = [child.name for child, table in lower if table.why("verdict") == reason]
        if names:
            yield word(f"dual.note_withheld_{reason}", regions=joined(names))


def _quantity(name: str) -> str:
    known = measures(RESULT).get(name)
    return str(known.label) if known is not None else name


def _terms(page: Page, table: RegionAssessment) -> tuple[Block, ...]:
    known = [name for name in TERMS if table.get(name).known]
    cells = 3 if any(table.get(name).has_interval for name in known) else 1
    return (
        Table(
            "table_dual",
            word("caption.table_dual", region=page.region.name, year=table.year),
            headers("quantity", *("value", "low", "high")[:cells]),
            [[_quantity(name), *table.shown(name, amount)[:cells]] for name in known],
            unit=word("unit.emissions"),
            totals=frozenset(place for place, name in enumerate(known) if name in SUMS),
            widths=(3.2, *(1.3,) * cells),
        ),
    )


def _intensity(page: Page, table: RegionAssessment) -> tuple[Block, ...]:
    rows = []
    for name in SHARES:
        figure = table.get(name)
        if figure.known:
            rows.append([_quantity(name), *table.shown(name, percent if name == "probability_met" else table.percent)])
    for name in ("break_even_sink", "break_even_k"):
        figure = table.get(name)
        if figure.known and not table.why(name):
            shown = (
                f"{amount(figure.value)} {word('unit.emissions')}"
                if name == "break_even_sink"
                else printed(figure.value)
            )
            rows.append([_quantity(name), shown, ABSENT, ABSENT])
    if not rows:
        return ()
    caption = word("caption.table_dual_intensity", region=page.region.name, year=table.year)
    head = headers("quantity", "value", "low", "high")
    return (Table("table_dual_intensity", caption, head, rows, widths=(3.2, 1.6, 1.1, 1.1)),)


def _rules(page: Page) -> tuple[Block, ...]:
    """The rule as the assessment used it, what no public text fixes marked as assumed."""
    table = page.assessment
    if table is None:
        return ()
    section = (page.facts.contents.record.get("project") or {}).get("assessment") or {}
    notes = retold_rules(section.get("rule"))
    rows = [
        [
            known_word(str(quantity)) or str(quantity).removeprefix("rule."),
            "" if pd.isna(value) else f"{value:g}",
            known_word(f"basis.{basis}") or str(basis),
            notes.get(str(note)) or retold(str(note)),
        ]
        for quantity, value, basis, note in table.loc[
            table["region_code"] == ALL, ["quantity", "value", "basis", "note"]
        ].itertuples(index=False)
    ]
    if not rows:
        return ()
    head = headers("rule", "value", "basis", "note")
    caption = word("caption.table_rules")
    return (Table("table_rules", caption, head, rows, text_columns=4, widths=(1.6, 0.8, 0.8, 3.2)),)


def _waterfall(page: Page, table: RegionAssessment) -> tuple[Block, ...]:
    if not page.wanted("figure_dual") or table.why("adjusted_emissions") == NOISE:
        return ()
    names = (*TERMS[:3], "emissions", "abatement", "sink_counted", "ccer_received", "adjusted_emissions")
    signs = dict.fromkeys(names, 1) | {"abatement": -1, "sink_counted": -1, "ccer_received": -1}
    if not table.get("ccer_received").value:
        signs.pop("ccer_received")
    known = {name: sign * table.get(name).value for name, sign in signs.items() if table.get(name).known}
    steps = [Step(_short(name), in_print(value), amount(value), name in LEVELS) for name, value in known.items()]
    caption = word("caption.figure_dual", region=page.region.name, year=table.year)
    return page.drawn("figure_dual", caption, lambda: waterfall(steps, word("unit.emissions")))


def _short(name: str) -> str:
    return known_word(f"step.{name}") or term("quantity", name)


def _path(page: Page, table: RegionAssessment) -> tuple[Block, ...]:
    points = []
    for year in table.years:
        reached, required = table.get("change", year), table.get("required_change", year)
        reached = Amount() if table.why("change", year) else reached
        if reached.known or required.known:
            points.append(
                PathPoint(year, 100 * reached.value, 100 * reached.low, 100 * reached.high, 100 * required.value)
            )
    if not points or not page.wanted("figure_dual_path"):
        return ()
    bare = "" if any(isfinite(point.required) for point in points) else ".bare"
    caption = word(f"caption.figure_dual_path{bare}", region=page.region.name)
    words = (word("path.reached"), word("path.required"), word("axis.change"))
    return page.drawn("figure_dual_path", caption, lambda: target_path(points, *words))
