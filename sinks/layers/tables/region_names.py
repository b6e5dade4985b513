"""Regions as people write them in tables: by code or by full name."""

from __future__ import annotations

import re

import pandas as pd

from sinks.layers.codes import plain

_SUFFIXES = "市盟州县旗区"
"""Ends of names of regions, which people leave out and which reforms have changed."""

_EXTENDED_CODE = re.compile(r"([0-9]{6})0{6}")


class RegionNames:
    """Finds a region by code or by full name."""

    def __init__(self, regions: pd.DataFrame) -> None:
        codes = [str(code) for code in regions["code"]]
        parents = [str(code) for code in regions["parent"]] if "parent" in regions else [""] * len(codes)
        self.parent = dict(zip(codes, parents, strict=True))
        self.name = dict(zip(codes, map(str, regions["name"]), strict=True))
        self.units = set(codes) - set(parents)
        self._by_name: dict[str, list[str]] = {}
        for code, name in zip(codes, regions["name"], strict=True):
            self._by_name.setdefault(plain(str(name)), []).append(code)

    def find(self, cell: object) -> str | None:
        text = plain(str(cell))
        extended = _EXTENDED_CODE.fullmatch(text)
        for code in (text, extended[1] if extended else text, f"{text}{'0' * 6}"):
            if code in self.parent:
                return code
        named = self._by_name.get(text, [])
        return named[0] if len(named) == 1 else None

    def near(self, cell: object) -> list[str]:
        """Regions whose name begins like the cell, such as 呼伦贝尔 or 呼伦贝尔盟 for 呼伦贝尔市: code and name."""
        text = plain(str(cell))
        stem = text.rstrip(_SUFFIXES)
        if len(stem) < 2:
            return []
        return [
            f"{code} {name}"
            for name, codes in self._by_name.items()
            if name.rstrip(_SUFFIXES) == stem
            for code in codes
        ]

    def inside(self, unit: str, region: str) -> bool:
        """Whether ``unit`` lies in ``region``, at any level."""
        while unit:
            if unit == region:
                return True
            unit = self.parent.get(unit, "")
        return False
