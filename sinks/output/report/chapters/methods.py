"""Chapter 2: which methodology accounts for what, from which layers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from sinks.geo.legends import available_legends
from sinks.output.report.blocks import Block, Chapters, Paragraph, Table
from sinks.output.report.page import Page, headers
from sinks.output.report.words import joined, sentences, word
from sinks.results.in_words import place_in_words, unit_in_words
from sinks.results.labels import term
from sinks.vocabulary import quantities


def blocks(page: Page) -> Chapters:
    """Tags ``methods_text``, ``table_methods``, ``table_layers``."""
    project = page.facts.contents.record.get("project")
    project = project if isinstance(project, Mapping) else {}
    methods, layers = _methods(project, page), _layers(project)
    return {
        "methods_text": tuple(Paragraph(text) for text in _text(page, bool(methods), bool(layers))),
        "table_methods": methods,
        "table_layers": layers,
    }


def _text(page: Page, has_methods: bool, has_layers: bool) -> list[str]:
    boundary = page.boundary_source
    shown = (("table_methods", has_methods), ("table_layers", has_layers))
    tables = [key for key, there in shown if there]
    first = sentences(
        word("methods.path"),
        word("methods.regions", source=boundary) if boundary else "",
        page.see(*tables),
    )
    return [first, word("methods.signs")]


def _methods(project: Mapping[str, Any], page: Page) -> tuple[Block, ...]:
    rows = []
    for section in project.get("methodologies") or []:
        ecosystems = joined(term("ecosystem", name) for name in section.get("ecosystems") or [])
        pools = section.get("pools")
        taken = joined(term("pool", name) for name in pools) if pools else word("methods.all_pools")
        rows.append([page.methodology(section["id"]), ecosystems, taken, term("role", section.get("role", "record"))])
    if not rows:
        return ()
    table = Table(
        "table_methods",
        word("caption.table_methods"),
        headers("methodology", "ecosystem", "pool", "role"),
        rows,
        text_columns=4,
        widths=(1.6, 1.6, 2.2, 0.8),
        notes=[word("note.comparison")] if any(row[3] == term("role", "comparison") for row in rows) else (),
    )
    return (table,)


def _layers(project: Mapping[str, Any]) -> tuple[Block, ...]:
    rows = []
    cover = project.get("land_cover")
    if cover:
        rows.append([word("layer.land_cover"), _files(cover), _kept("land_cover", cover), ""])
    for kind in ("strata", "inputs", "vectors", "tables"):
        for name, section in (project.get(kind) or {}).items():
            title = {"inputs": term("quantity", name), "strata": term("strata", name)}.get(kind, name)
            rows.append([word(f"layer.{kind}", name=title), _files(section), _kept(name, section), _error(section)])
    if not rows:
        return ()
    table = Table(
        "table_layers",
        word("caption.table_layers"),
        headers("layer", "files", "legend", "uncertainty"),
        rows,
        text_columns=4,
        widths=(1.5, 2.4, 1.1, 2.4),
    )
    return (table,)


def _kept(name: str, section: Mapping[str, Any]) -> str:
    """How the layer is read: the title of its legend, its preset, or the unit of its values."""
    if legend := section.get("legend"):
        return str(available_legends().get(legend, legend))
    standard = quantities().get(section.get("quantity") or name)
    return str(section.get("preset") or unit_in_words(section.get("unit") or (standard.unit if standard else "")))


def _error(section: Mapping[str, Any]) -> str:
    """Half width of the layer's 95 % interval with its document; nothing for layers that are no quantity."""
    if "uncertainty" not in section:
        return ""
    half, source = section.get("uncertainty"), section.get("uncertainty_source")
    if half is None:
        return word("layer.no_uncertainty")
    known = {"value": f"{half:g}", "source": place_in_words(source or "")}
    return word("layer.uncertainty" if source else "layer.uncertainty_bare", **known)


def _files(section: Mapping[str, Any]) -> str:
    """File names by date; the annex on lineage has the full places and checksums."""
    by_date = section.get("files")
    if by_date:
        return word("list.separator").join(f"{PurePath(str(file)).name} ({date})" for date, file in by_date.items())
    return PurePath(str(section.get("file") or "")).name
