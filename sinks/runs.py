"""The whole path in one place: project -> regions and layers -> activity -> account -> checks -> run."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from sinks.account import Account, Entry, Hierarchy, Measure, account
from sinks.activity import Activity
from sinks.checks import Findings, check_entries, check_laws, note_findings
from sinks.errors import Problems, ProjectError
from sinks.geo.legends import load_legend
from sinks.geo.regions import Regions, load_builtin, load_file
from sinks.layers.raster import CategoricalLayer, ContinuousLayer
from sinks.project import LAND_COVER, STATIC, BuiltinRegions, InputSection, Project, RasterSection
from sinks.provenance import InputFile
from sinks.uncertainty import Draws, InputUncertainty
from sinks.vocabulary import ALL, quantities

Progress = bool | Callable[[int, int], None]


@dataclass(frozen=True)
class Prepared:
    """A project whose inputs are found, read as far as needed and checked: nothing long has run yet."""

    project: Project
    regions: Regions
    land_cover: CategoricalLayer | None
    strata: tuple[CategoricalLayer, ...]
    inputs: tuple[ContinuousLayer, ...]
    entries: tuple[Entry, ...]
