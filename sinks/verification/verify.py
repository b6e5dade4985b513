"""The second path to a finished run."""

from __future__ import annotations

from pathlib import Path

from sinks.errors import Problem, RunError
from sinks.verification.findings import Findings, Verification
from sinks.verification.geopackage import check_geopackage
from sinks.verification.laws import check_laws
from sinks.verification.parameters import check_parameters
from sinks.verification.printed import check_printed
from sinks.verification.sample import check_region_areas, check_sample
from sinks.verification.stands import check_stands
from sinks.verification.written import MANIFEST, Written, check_files, check_inputs, check_two_forms

SEED = 20260101
"""Of the random sample, where none is given: the same regions every time."""


def verify(folder: Path, *, seed: int = SEED) -> Verification:
    """Compute a run a second time, by other means, and compare.

    Nothing is written, and nothing of the first path is used: polygons are cut by shapely, areas come from geodesics of
    pyproj, rasters are read by rasterio, sums are made by pandas.

    Parameters
    ----------
    folder : Path
        A run folder.
    seed : int
        Of the draw of the regions whose rasters are read again.

    Returns
    -------
    Verification
        Whatever was found; a run that was tampered with gives failed rows and no error.

    Raises
    ------
    RunError
        The folder is no run, or a file that all the rest stands on is missing or cannot be read.
    """
    run = Written(Path(folder))
    if not (run.folder / MANIFEST).is_file():
        raise RunError(Problem("output.not_a_run", str(folder)))
    findings = Findings()
    check_files(run, findings)
    unchanged = check_inputs(run, findings)
    check_two_forms(run, findings)
    check_laws(run, findings)
    check_parameters(run, findings)
    check_region_areas(run, findings)
    regions = check_sample(run, unchanged, seed, findings)
    check_stands(run, unchanged, seed, findings)
    check_geopackage(run, findings)
    check_printed(run, findings)
    return Verification(run.folder, findings.table(), seed, regions)
