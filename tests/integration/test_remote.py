"""Files on a web server: only the parts that are needed cross the wire, and no digit changes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from pandas.testing import assert_frame_equal
from rasterio.transform import Affine

from sinks.errors import LayerError
from sinks.geo.legends import load_legend
from sinks.layers.rasters.raster import CategoricalLayer
from sinks.tabulation import tabulate

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]

SIZE, TILE = 2048, 128


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noise, which does not compress, so that what is sent can be told from what is there."""
    folder = tmp_path_factory.mktemp("web")
    rng = np.random.default_rng(5)
    for date in ("2020", "2023"):
        profile = {"driver": "GTiff", "count": 1, "dtype": "uint8", "crs": "EPSG:4490", "nodata": 0, "tiled": True}
        profile |= {"transform": Affine(0.001, 0, 110, 0, -0.001, 45), "blockxsize": TILE, "blockysize": TILE}
        with rasterio.open(folder / f"{date}.tif", "w", height=SIZE, width=SIZE, compress="deflate", **profile) as file:
            file.write(rng.integers(1, 10, (SIZE, SIZE), np.uint8), 1)
    return folder


@pytest.fixture
def server(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Path]]:
    """Address of the server, and the file in which it notes the bytes it sends."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    sent = tmp_path / "sent.txt"
    command = [sys.executable, str(Path(__file__).with_name("range_server.py")), str(folder), str(sent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}", sent
        finally:
            process.kill()


def _cover(place: str) -> CategoricalLayer:
    files = {date: f"{place}/{date}.tif" for date in ("2020", "2023")}
    return CategoricalLayer("land_cover", files, load_legend("clcd"))


@pytest.mark.parametrize("prefix", ["/vsicurl/", ""])
def test_a_web_server_changes_no_digit(server: tuple[str, Path], folder: Path, prefix: str) -> None:
    url, sent = server
    units = gpd.GeoDataFrame({"code": ["150000"]}, geometry=[shapely.box(110.9, 44.15, 111.05, 44.35)], crs=4490)
    there = tabulate(units, _cover(prefix + url), threads=2)
    here = tabulate(units, _cover(str(folder)), threads=2)
    assert_frame_equal(there.table, here.table, check_exact=True)
    assert_frame_equal(there.units, here.units, check_exact=True)
    whole = sum(path.stat().st_size for path in folder.glob("*.tif"))
    # GDAL may keep what the other way of writing the address has fetched.
    assert sum(map(int, sent.read_text().split())) < whole / 3


def test_a_file_that_the_server_lacks(server: tuple[str, Path]) -> None:
    units = gpd.GeoDataFrame({"code": ["1"]}, geometry=[shapely.box(110.9, 44.15, 111.05, 44.35)], crs=4490)
    with pytest.raises(LayerError) as error:
        tabulate(units, _cover(f"/vsicurl/{server[0]}/elsewhere"))
    assert {problem.id for problem in error.value.problems} == {"raster.unreadable"}
