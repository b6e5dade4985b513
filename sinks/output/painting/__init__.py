"""Maps of densities: what the account says of a stratum of a region, painted on every cell of it.

Names are loaded when they are first asked for, since compiled kernels and GDAL come with them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sinks.output.painting.lookup import link
    from sinks.output.painting.painter import Layers, Painting, Request, paint

__all__ = ["Layers", "Painting", "Request", "link", "paint"]

_HOME = {"Layers": "painter", "Painting": "painter", "Request": "painter", "paint": "painter", "link": "lookup"}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(name)
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
