"""Surveys of several dates: what became of every piece of land that both of two surveys have, as transitions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sinks.activity import CHANGE_KEYS, FROM, OBSERVED, TO
from sinks.errors import Problem
from sinks.layers.layer_states import LEADING, LayerStates
from sinks.layers.stands.cut import ROUNDING
from sinks.layers.stands.equal_area import Floats
from sinks.layers.stands.overlay import SLIVER_WIDTH, overlay
from sinks.layers.stands.states import STAND, Tabulated
from sinks.vocabulary import NODATA, NOT_APPLICABLE

_LAND = ("land_cover", "class", "ecosystem")
_SIDES = ((FROM, "first"), (TO, "last"))


def with_transitions(surveys: Sequence[Tabulated]) -> list[LayerStates]:
    """The states of surveys of one source, each with the transitions that lead to its date.

    Parameters
    ----------
    surveys : sequence of Tabulated
        Areas of the geometry, ascending by date.

    Returns
    -------
    list of LayerStates
        Transitions between consecutive dates, and from the first to the last; with a note that says how the land of
        the two surveys was matched, how much of it only one of them has, and how much lies in slivers.
    """
    pairs = [*pairwise(range(len(surveys))), *([(0, len(surveys) - 1)] if len(surveys) > 2 else [])]
    changes: dict[int, list[pd.DataFrame]] = {}
    notes: dict[int, list[Problem]] = {}
    for first, last in pairs:
        found, note = _between(surveys[first], surveys[last])
        changes.setdefault(last, []).append(found)
        notes.setdefault(last, []).append(note)
    return [
        replace(
            one.layer,
            changes=pd.concat(changes[at], ignore_index=True) if at in changes else None,
            notes=(*one.layer.notes, *notes.get(at, ())),
        )
        for at, one in enumerate(surveys)
    ]


def _between(first: Tabulated, last: Tabulated) -> tuple[pd.DataFrame, Problem]:
    """Transitions between two surveys, and how they were found."""
    pieces = overlay(first.survey, last.survey)
    codes = np.asarray(first.survey.cutter.codes, dtype=object)
    pieces["region_code"] = codes[pieces["region"].to_numpy(np.intp)]
    rows = {FROM: _rows(first), TO: _rows(last)}
    for end, side in _SIDES:
        keys = pd.MultiIndex.from_frame(pieces[[side, "region_code"]])
        pieces[side] = rows[end].index.get_indexer(keys)
    # A piece smaller than the rounding of its stand has no row of its own there.
    pieces = pieces[(pieces["first"] >= 0) & (pieces["last"] >= 0)]
    parts = [pieces, *_rests(pieces, rows)]
    land = pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)
    layer = last.survey.layer
    found: dict[str, object] = {
        "source": layer.name,
        "date_from": first.survey.layer.date,
        "date_to": layer.date,
        "region_code": land["region_code"],
        "area_ha": land["area_ha"],
    }
    for end, side in _SIDES:
        found |= _side(rows[end], land[side].to_numpy(np.intp), land["area_ha"].to_numpy(float), end)
    changes = pd.DataFrame(found)
    leading = [*CHANGE_KEYS, *(name for name in changes.columns if name not in (*CHANGE_KEYS, "area_ha"))]
    return changes[[*leading, "area_ha"]], _note(changes, land, (first, last))


def _rows(survey: Tabulated) -> pd.DataFrame:
    """The rows of a survey by feature and region."""
    keys = [pd.Index(survey.feature, name="feature"), pd.Index(survey.layer.states["region_code"])]
    return survey.layer.states.set_index(keys)


def _rests(pieces: pd.DataFrame, rows: dict[str, pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """What is left of the stands of each survey: land that the other does not have."""
    for (end, side), (_, other) in zip(_SIDES, _SIDES[::-1], strict=True):
        area = rows[end]["area_ha"].to_numpy(float)
        left = area - np.bincount(pieces[side], pieces["area_ha"], len(area))
        places = np.flatnonzero(left > ROUNDING * area)
        codes = rows[end]["region_code"].to_numpy(object)[places]
        yield pd.DataFrame({side: places, other: -1, "region_code": codes, "area_ha": left[places], "width": np.nan})


def _side(rows: pd.DataFrame, places: NDArray[np.intp], area: Floats, end: str) -> dict[str, object]:
    """Columns of one end of the transitions; ``places`` is -1 for land that the survey does not have."""
    known = places >= 0
    at = np.where(known, places, 0)
    found: dict[str, object] = {}
    for name in _LAND:
        found[name + end] = np.where(known, rows[name].to_numpy(object)[at], NODATA)
    inputs = [str(name).removesuffix(OBSERVED) for name in rows.columns if str(name).endswith(OBSERVED)]
    measures = {name + tail for name in inputs for tail in ("", "_sd", OBSERVED)}
    for name in rows.columns:
        if name not in (*LEADING, STAND, "area_ha", *measures):
            found[f"{name}{end}"] = np.where(known, rows[name].to_numpy(object)[at], NOT_APPLICABLE)
    for name in inputs:
        values = np.where(known, rows[name].to_numpy(float)[at], np.nan)
        found |= {name + end: values, name + end + OBSERVED: np.where(np.isfinite(values), area, 0.0)}
    return found


def _note(changes: pd.DataFrame, land: pd.DataFrame, surveys: tuple[Tabulated, Tabulated]) -> Problem:
    """How the land of two surveys was matched, and what of it is in doubt."""
    area = changes["area_ha"].to_numpy(float)
    common = ((land["first"] >= 0) & (land["last"] >= 0)).to_numpy(bool)
    overlaid = common & np.isfinite(land["width"].to_numpy(float))
    narrow = overlaid & (land["width"].to_numpy(float) < SLIVER_WIDTH)
    turned = common & (changes["class_from"] != changes["class_to"]).to_numpy(bool)
    parts = {
        "common": common,
        "same": common & ~overlaid,
        "overlaid": overlaid,
        "first_only": (land["last"] < 0).to_numpy(bool),
        "last_only": (land["first"] < 0).to_numpy(bool),
        "slivers": narrow,
        "turned": turned,
        "turned_slivers": narrow & turned,
    }
    hectares = {name: f"{area[own].sum():,.4f}" for name, own in parts.items()}
    dates = [one.survey.layer.date for one in surveys]
    whole = not overlaid.any()
    counts = {"count": int(narrow.sum()), "width": f"{SLIVER_WIDTH:g}"}
    return Problem(
        "vector.same_outlines" if whole else "vector.overlaid",
        f"vectors.{surveys[0].survey.layer.name}",
        {"dates": dates, **hectares, **({} if whole else counts)},
    )
