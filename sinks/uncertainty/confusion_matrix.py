"""Error-adjusted areas from a confusion matrix.

The area of a class counted on a map is biased by the map's errors: what is wrongly left out and what is wrongly taken
in do not balance.  Where a sample of the map was compared with reference data, the stratified estimator of Olofsson et
al. (2014, Remote Sensing of Environment 148, 42-57, doi:10.1016/j.rse.2014.02.015) gives areas without that bias, with
their standard errors.  Equation numbers below are those of that paper; strata are the classes of the map.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from sinks.errors import LayerError, Problem, Problems
from sinks.parameters.draws import Z95
from sinks.tables.delimited import HEADER_SEARCH
from sinks.tables.numbers import read_number
from sinks.tables.sheet import Rows, as_text, decimal_sign, read_rows, refuse_unread, refuse_wide
from sinks.uncertainty.draws import Floats
from sinks.vocabulary import ALL

LONG_COLUMNS = ("map_class", "reference_class", "count")

ADJUSTED_COLUMNS = ("region_code", "region_name", "level", "period", "class", "map_ha", "adjusted_ha", "se_ha")

# A variance within a class of the map (Eqs. 5-7 and 10) needs two sample units.
_LEAST_SAMPLE = 2


@dataclass(frozen=True)
class ConfusionMatrix:
    """Sample units by class of the map (rows) and of the reference (columns).

    Parameters
    ----------
    classes : tuple of str
        Names of rows and columns, in one order.
    counts : array (k, k)
        Sample units, a random sample within each class of the map.
    """

    classes: tuple[str, ...]
    counts: Floats

    @property
    def shares(self) -> Floats:
        """Share of each reference class inside each class of the map, n_ij / n_i. (rows sum to 1)."""
        shares: Floats = self.counts / self.counts.sum(axis=1, keepdims=True)
        return shares

    def draw_shares(self, rng: np.random.Generator, n: int) -> Floats:
        """Draws of :attr:`shares`, shape (n, k, k), whose variance is that of Eq. 10.

        A multinomial sample of one unit less than was taken has the variance s (1 - s) / (n_i. - 1) that Eq. 10 gives.
        """
        sizes = self.counts.sum(axis=1).astype(np.int64) - 1
        drawn = np.stack([rng.multinomial(size, s, n) / size for size, s in zip(sizes, self.shares, strict=True)], 1)
        return np.asarray(drawn, dtype=np.float64)


@dataclass(frozen=True)
class AreaEstimates:
    """Accuracy of a map, and the areas adjusted for its errors.

    Attributes
    ----------
    table : DataFrame
        Indexed by class: ``map_area``, ``area``, ``se``, ``low``, ``high`` in the unit of the map areas, and ``users``,
        ``users_se``, ``producers``, ``producers_se`` as fractions.
    overall, overall_se : float
        Overall accuracy and its standard error.
    proportions : array (k, k)
        Estimated share of the whole area by class of the map and of the reference (Eq. 4).
    """

    table: pd.DataFrame
    overall: float
    overall_se: float
    proportions: Floats


def area_estimates(matrix: ConfusionMatrix, map_areas: Mapping[str, float]) -> AreaEstimates:
    """Accuracy and error-adjusted areas of a map.

    Parameters
    ----------
    matrix : ConfusionMatrix
    map_areas : mapping of str to float
        Area of each class on the map, in any one unit; a class that is not on the map is 0.

    Returns
    -------
    AreaEstimates
        Producer's accuracy is NaN for a class of which no area is estimated.

    Raises
    ------
    LayerError
        The map has a class that was not sampled: its errors are not known.

    Notes
    -----
    With W_i the share of class i on the map and n the sample counts:

    .. math::
        \\hat p_{ij} = W_i n_{ij} / n_{i\\cdot} \\quad (4), \\qquad
        \\hat A_k = A \\sum_i \\hat p_{ik} \\quad (9, 11)

        S(\\hat p_{\\cdot k}) = \\sqrt{\\sum_i (W_i \\hat p_{ik} - \\hat p_{ik}^2) / (n_{i\\cdot} - 1)} \\quad (10)
    """
    _check_sampled(matrix, map_areas)
    mapped = np.array([map_areas.get(name, 0.0) for name in matrix.classes])
    whole, sample = mapped.sum(), matrix.counts.sum(axis=1)
    weight = mapped / whole
    p = weight[:, None] * matrix.shares
    area_share = p.sum(axis=0)
    se_share = np.sqrt(((weight[:, None] * p - p**2) / (sample - 1)[:, None]).sum(axis=0))
    users = np.diag(matrix.shares)
    with np.errstate(invalid="ignore", divide="ignore"):
        producers = np.where(area_share > 0, np.diag(p) / area_share, np.nan)
    users_variance = users * (1 - users) / (sample - 1)  # Eq. 6
    area, se = whole * area_share, whole * se_share
    table = pd.DataFrame(
        {
            "map_area": mapped,
            "area": area,
            "se": se,
            "low": area - Z95 * se,
            "high": area + Z95 * se,
            "users": users,
            "users_se": np.sqrt(users_variance),
            "producers": producers,
            "producers_se": _producers_se(matrix, mapped, producers, users_variance),
        },
        index=pd.Index(matrix.classes, name="class"),
    )
    overall_se = float(np.sqrt((weight**2 * users_variance).sum()))  # Eq. 5
    return AreaEstimates(table, float(np.trace(p)), overall_se, p)


def _producers_se(matrix: ConfusionMatrix, mapped: Floats, producers: Floats, users_variance: Floats) -> Floats:
    """Standard errors of producer's accuracies (Eq. 7)."""
    shares, sample = matrix.shares, matrix.counts.sum(axis=1)
    # What each class of the map adds to the variance of the area of each reference class.
    parts = mapped[:, None] ** 2 * shares * (1 - shares) / (sample - 1)[:, None]
    others = parts.sum(axis=0) - np.diag(parts)
    reference = (mapped[:, None] * shares).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = (mapped**2 * (1 - producers) ** 2 * users_variance + producers**2 * others) / reference**2
    return np.asarray(np.sqrt(variance), dtype=np.float64)


def _check_sampled(matrix: ConfusionMatrix, map_areas: Mapping[str, float]) -> None:
    unsampled = sorted(name for name, area in map_areas.items() if area > 0 and name not in matrix.classes)
    if unsampled:
        raise LayerError(Problem("accuracy.not_sampled", "accuracy", {"found": unsampled, "classes": matrix.classes}))


def adjusted_areas(table: pd.DataFrame, matrices: Mapping[str, ConfusionMatrix]) -> pd.DataFrame:
    """Areas of every region beside their error-adjusted ones; the account itself is not changed.

    The sample describes the map as a whole.  For a part of it (a league) the estimate rests on the assumption that
    the map errs there as it does on the whole.

    Parameters
    ----------
    table : DataFrame
        An account.
    matrices : mapping of str to ConfusionMatrix
        By date; their classes are ecosystems.

    Returns
    -------
    DataFrame
        :data:`ADJUSTED_COLUMNS`, ``low``, ``high``, ``users``, ``users_se``, ``producers``, ``producers_se``,
        ``overall``, ``overall_se``, a row for each region, date and class.
    """
    areas = table[(table["quantity"] == "area") & (table["stratum"] == ALL) & (table["ecosystem"] != ALL)]
    parts = []
    for (period, code), rows in areas.groupby(["period", "region_code"], sort=False):
        if str(period) not in matrices:
            continue
        found = area_estimates(matrices[str(period)], dict(zip(rows["ecosystem"], rows["value"], strict=True)))
        part = found.table.rename(columns={"map_area": "map_ha", "area": "adjusted_ha", "se": "se_ha"}).reset_index()
        first = rows.iloc[0]
        place = {"region_code": code, "region_name": first["region_name"], "level": first["level"], "period": period}
        parts.append(part.assign(**place, overall=found.overall, overall_se=found.overall_se))
    if not parts:
        return pd.DataFrame(columns=list(ADJUSTED_COLUMNS))
    whole = pd.concat(parts, ignore_index=True)
    return whole[[*ADJUSTED_COLUMNS, *(name for name in whole.columns if name not in ADJUSTED_COLUMNS)]]


def read_matrix(path: Path | str, known: Sequence[str]) -> ConfusionMatrix:
    """Read a confusion matrix of sample counts from a CSV or a workbook.

    Either long (``map_class, reference_class, count``, further columns left alone) or wide: the classes of the map in
    the first column and a column for each class of the reference.

    Parameters
    ----------
    path : path
        See :func:`sinks.tables.sheet.read_rows`.
    known : sequence of str
        Names that classes may have.

    Raises
    ------
    LayerError
        With every fault: unreadable, unknown class, count that is no whole number, rows and columns of different
        classes, a pair given twice, a class with fewer than two sample units.
    """
    path, problems = Path(path), Problems()
    rows = _matrix_rows(path)
    refuse_unread(rows)
    (first, head), *body = _filled(rows) or [(0, [])]
    if not body or len(head) == 1:
        raise LayerError(Problem("accuracy.empty", str(path), {"columns": LONG_COLUMNS}))
    refuse_wide(rows, first)
    cells = list(_cells(head, body))
    decimal, _ = decimal_sign(rows, [cell for *_, cell in cells])
    counts: dict[tuple[str, str], float] = {}
    for number, mapped, reference, cell in cells:
        where = f"{path}:{number}"
        if (mapped, reference) in counts:
            problems.add("accuracy.twice", where, map_class=mapped, reference_class=reference)
        counts[mapped, reference] = _count(cell, decimal, where, problems)
    matrix = _square(counts, known, str(path), problems)
    problems.raise_as(LayerError)
    return matrix


def _matrix_rows(path: Path) -> Rows:
    """Rows of either form: the columns of the long one say how the file is written, else its shape does."""
    rows = read_rows(path, names=LONG_COLUMNS)
    return rows if any(set(LONG_COLUMNS) <= set(row) for row in rows.cells[:HEADER_SEARCH]) else read_rows(path)


def _filled(rows: Rows) -> list[tuple[int, list[str]]]:
    """Rows that hold anything, with their numbers, without the columns that are blank throughout."""
    texts = [(number, [as_text(cell) for cell in row]) for number, row in enumerate(rows.cells, 1)]
    filled = [(number, row) for number, row in texts if any(row)]
    width = max((place for _, row in filled for place, cell in enumerate(row, 1) if cell), default=0)
    return [(number, row[:width]) for number, row in filled]


def _cells(head: list[str], body: list[tuple[int, list[str]]]) -> Iterator[tuple[int, str, str, str]]:
    """Line number, class of the map, class of the reference and count, of either form."""
    filled = [(line, [*row, *[""] * len(head)][: len(head)]) for line, row in body]
    if set(LONG_COLUMNS) <= set(head):
        mapped, reference, count = (head.index(name) for name in LONG_COLUMNS)
        yield from ((line, row[mapped], row[reference], row[count]) for line, row in filled)
        return
    for line, row in filled:
        for name, cell in zip(head[1:], row[1:], strict=True):
            yield line, row[0], name, cell


def _count(cell: str, decimal: str, where: str, problems: Problems) -> float:
    value = read_number(cell, None, decimal).value
    if not (value >= 0 and value.is_integer()):
        problems.add("accuracy.not_a_count", where, found=cell)
        return 0.0
    return value


def _square(
    counts: Mapping[tuple[str, str], float], known: Sequence[str], where: str, problems: Problems
) -> ConfusionMatrix:
    classes = list(dict.fromkeys(mapped for mapped, _ in counts))
    references = list(dict.fromkeys(reference for _, reference in counts))
    if unknown := [name for name in dict.fromkeys([*classes, *references]) if name not in known]:
        problems.add("accuracy.unknown_class", where, found=unknown, known=known)
    if set(classes) != set(references):
        problems.add("accuracy.not_square", where, rows=classes, columns=references)
    table = np.array([[counts.get((mapped, reference), 0.0) for reference in classes] for mapped in classes])
    if missing := [f"{m} / {r}" for m in classes for r in references if (m, r) not in counts]:
        problems.add("accuracy.missing_cell", where, cells=missing)
    if few := [name for name, size in zip(classes, table.sum(axis=1), strict=True) if size < _LEAST_SAMPLE]:
        problems.add("accuracy.too_few", where, classes=few, least=_LEAST_SAMPLE)
    return ConfusionMatrix(tuple(classes), table)
