"""What a level of administration is called: 盟市 and 旗县 only where there is a 盟 or a 旗.

The built-in divisions call prefectures ``league`` and counties ``banner`` all over China.  Officials of Ningxia have
地级市 and 县（市、区）, and would take a report that says otherwise for one about somewhere else.
"""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from sinks.results.labels import term

_LEAGUE, _BANNER = "league", "banner"


def level_by_names(level: str, names: Iterable[str]) -> str:
    """The level under which regions with these names are known.

    Parameters
    ----------
    level : str
        Level of the regions' table.
    names : iterable of str
        Names of its regions.

    Returns
    -------
    str
        ``city`` for leagues and ``county`` for banners where no name is one of Inner Mongolia's; else the level.

    Examples
    --------
    >>> level_by_names("league", ["银川市", "固原市"]), level_by_names("league", ["包头市", "兴安盟"])
    ('city', 'league')
    """
    found = list(names)
    if level == _LEAGUE and found and not any(name.endswith("盟") for name in found):
        return "city"
    if level == _BANNER and found and not any(name.endswith("旗") for name in found):
        return "county"
    return level


def level_names(regions: pd.DataFrame) -> dict[str, str]:
    """What each level of a frame of regions is called in the present language, by level, in the order of the rows."""
    names = regions["name"].astype(str).groupby(regions["level"].astype(str), sort=False)
    return {str(level): term("level", level_by_names(str(level), own)) for level, own in names}
