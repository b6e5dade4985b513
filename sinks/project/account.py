"""The section of the account as a whole."""

from __future__ import annotations

import datetime
from typing import Literal

from pydantic import Field

from sinks.project.base import Date, Section


class RedHead(Section):
    """``[project.red_head]``: the head of a formal document (红头), as GB/T 9704-2012 lays it out."""

    issuer: str = Field(min_length=1, description="Name of the issuing office as it stands in red on page one.")
    number: str = Field(min_length=1, description="Number of the document (发文字号).")
    date: datetime.date = Field(description="Date of issue, for example 2026-12-01; it replaces the date of the run.")


class ProjectSection(Section):
    """``[project]``: the account as a whole."""

    name: str = Field(description="Short name; the run folder is called so.")
    title: str = Field(description="Title on the report and the map.")
    title_en: str | None = Field(default=None, description="Title of the map in English; without it the title stands.")
    dates: tuple[Date, ...] = Field(min_length=1, description="Years of the account, for example [2020, 2023].")
    demonstration: bool = Field(default=False, description="Marks every output as demonstration data (示范数据).")
    map_approval: str | None = Field(
        default=None, description="Approval number of the maps (审图号); without it they are marked for internal use."
    )
    issuer: str | None = Field(
        default=None, description="Who issues the reports; without it the line on page one is left to be filled in."
    )
    red_head: RedHead | None = Field(
        default=None, description="Red head of the reports with issuer, number and date; without it they have none."
    )
    land_history: bool = Field(
        default=True,
        description="Tell transitions apart by what the land was at every earlier date, and set the first date against "
        "the last. False: each step between two dates stands by itself, and a series reads no older map for it.",
    )
    coverage_min: float = Field(
        default=0.95, ge=0, le=1, description="Share of a region's area that must be observed; below it a check fails."
    )
    cells_min: int = Field(
        default=400, ge=1, description="Cells below which a region's figure is not fit to be an account of record."
    )
    draws: int = Field(default=2000, ge=0, le=1_000_000, description="Monte Carlo draws; 0 leaves intervals out.")
    interval_share: float = Field(
        default=0.9,
        ge=0,
        le=1,
        description="Share of a figure, by the size of its parts, whose uncertainty must be stated; below it no "
        "interval is given.",
    )
    seed: int = Field(default=20230, ge=0, description="Seed of the draws.")
    gwp: Literal["ar2", "ar4", "ar5", "ar6"] | None = Field(
        default=None,
        description="IPCC assessment report whose 100-year potentials turn methane and nitrous oxide into CO2e; "
        "without it they are given in tonnes of the gas only.",
    )
