"""The part of the project file on the noise of the land-cover maps."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from sinks.project.rules import Amount, Share


class MapNoiseSection(BaseModel):
    """``[map_noise]``: how the errors of the land-cover maps are taken to behave.

    Each value may be written ``{value = ..., source = "..."}``; one without a source is printed as assumed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    drift: Share | None = Field(
        default=None,
        description="By how much the error rates of two dates differ, relatively and all in one direction; by default "
        "0.1, and 0.2 between versions of a product. 0.05 may do for one annual chain; 0.2 for different sensors.",
    )
    error_patch_ha: Amount | None = Field(
        default=None,
        description="Area within which cells are wrong together [ha]; by default 100, never less than a cell.",
    )
    overall_accuracy: Share | None = Field(
        default=None,
        description="Overall accuracy of the map as a fraction, where there is neither a confusion matrix nor a "
        "published accuracy that fits.",
    )
