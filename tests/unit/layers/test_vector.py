"""Sub-compartments: reading, cutting, decoding, and everything that is wrong with a real delivery."""

from __future__ import annotations

import warnings
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import pyproj
import pytest
import shapely

from sinks.errors import CRSError, LayerError
from sinks.layers.codes import CodeBook, Read, code_list, fields_from
from sinks.layers.fields import FieldSpec
from sinks.layers.layer_states import LayerStates
from sinks.layers.stands.cut import cut
from sinks.layers.stands.inputs import InputField
from sinks.layers.stands.states import stand_states
from sinks.layers.stands.vector import VectorLayer, inspect
from sinks.text import using_language
from sinks.vocabulary import quantities

UNITS = gpd.GeoDataFrame(
    {"code": ["150101", "150102"]},
    geometry=[shapely.box(110.0, 40.0, 110.1, 40.1), shapely.box(110.1, 40.0, 110.2, 40.1)],
    crs=4490,
)
COLUMNS = ("DLBM", "YOU_SHI_SZ", "QI_YUAN", "LING_ZU", "MEI_GQ_XJ", "YU_BI_DU")


def square(west: float, south: float, side: float = 0.01) -> shapely.Polygon:
    return shapely.box(west, south, west + side, south + side)


def stands(**changes: list[Any]) -> gpd.GeoDataFrame:
    """Two forest stands and a grassland stand; the second lies half in each region."""
    columns: dict[str, list[Any]] = {
        "BSM": ["1", "2", "3"],
        "DLBM": ["0301", "0301", "0401"],
        "YOU_SHI_SZ": ["150", "421000", None],
        "QI_YUAN": ["11", "20", None],
        "LING_ZU": ["2", "3", None],
        "CD_L": [None, None, "II"],
        "MEI_GQ_XJ": [100.0, 50.0, None],
        "YU_BI_DU": [0.7, 0.6, None],
        "geometry": [square(110.02, 40.05), square(110.095, 40.05), square(110.15, 40.05)],
    }
    return gpd.GeoDataFrame(columns | changes, crs=4490)


def tabulate(tmp_path: Path, frame: gpd.GeoDataFrame, *, name: str = "stands.gpkg", **options: Any) -> LayerStates:
    frame.to_file(tmp_path / name)
    given = {key: options.pop(key) for key in ("crs", "encoding", "layer", "where", "repair") if key in options}
    fields = fields_from("lincaoshi", options.pop("fields", {}))
    return stand_states(VectorLayer("survey", tmp_path / name, "2020", fields=fields, **given), UNITS, **options)


def ids(found: LayerStates | LayerError) -> list[str]:
    return [problem.id for problem in (found.notes if isinstance(found, LayerStates) else found.problems)]


def refused(tmp_path: Path, frame: gpd.GeoDataFrame, **options: Any) -> LayerError:
    with pytest.raises(LayerError) as caught:
        tabulate(tmp_path, frame, **options)
    # Every message can be said in both languages.
    for language in ("zh", "en"):
        with using_language(language):
            assert "{" not in str(caught.value).replace("{field", "")
    return caught.value


# --- cutting


def test_pieces_of_a_stand_on_a_border() -> None:
    half_in_each = square(110.095, 40.05)
    pieces = cut([half_in_each], 4490, UNITS)
    assert pieces.stand.tolist() == [0, 0]
    assert pieces.region.tolist() == [0, 1]
    assert pieces.area_ha == pytest.approx([pieces.stand_area_ha[0] / 2] * 2, rel=1e-9)
    assert pieces.outside_ha.tolist() == [0.0]


def test_area_is_that_of_the_ellipsoid() -> None:
    stand = shapely.segmentize(square(110.02, 40.05), 0.0005)
    geodesic = abs(pyproj.Geod(ellps="GRS80").geometry_area_perimeter(stand)[0]) / 1e4
    assert cut([stand], 4490, UNITS).stand_area_ha[0] == pytest.approx(geodesic, rel=1e-6)


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:4547", "EPSG:4526", "EPSG:32649"])
def test_any_crs_gives_the_same_pieces(crs: str) -> None:
    stand = gpd.GeoSeries([shapely.segmentize(square(110.095, 40.05), 0.001)], crs=4490)
    expected = cut(stand.array, 4490, UNITS)
    found = cut(stand.to_crs(crs).array, crs, UNITS)
    assert found.area_ha == pytest.approx(expected.area_ha, rel=1e-8)


def test_another_datum_is_not_guessed() -> None:
    with pytest.raises(CRSError):
        cut([square(110.02, 40.05)], "EPSG:4610", UNITS)


def test_area_outside_all_regions_is_reported() -> None:
    partly, wholly = square(110.195, 40.05), square(111.0, 41.0)
    pieces = cut([partly, wholly], 4490, UNITS)
    assert pieces.stand.tolist() == [0]
    assert pieces.outside_ha == pytest.approx([pieces.stand_area_ha[0] / 2, pieces.stand_area_ha[1]], rel=1e-9)


def test_a_stand_larger_than_the_regions() -> None:
    pieces = cut([shapely.box(109.0, 39.0, 112.0, 42.0)], 4490, UNITS)
    both = cut(UNITS.geometry.array, 4490, UNITS).stand_area_ha
    assert pieces.area_ha == pytest.approx(both, rel=1e-12)


def test_holes_and_parts() -> None:
    ring = square(110.02, 40.02, 0.02).difference(square(110.025, 40.025, 0.01))
    two = shapely.union_all([square(110.05, 40.05), square(110.15, 40.05)])
    plain = cut([square(110.02, 40.02, 0.02), square(110.025, 40.025, 0.01)], 4490, UNITS).stand_area_ha
    pieces = cut([ring, two], 4490, UNITS)
    assert pieces.stand.tolist() == [0, 1, 1]
    assert pieces.area_ha[0] == pytest.approx(plain[0] - plain[1], rel=1e-9)


def test_a_region_inside_the_hole_of_a_stand() -> None:
    inner = square(110.04, 40.04, 0.02)
    units = gpd.GeoDataFrame({"code": ["out", "in"]}, geometry=[UNITS.geometry[0].difference(inner), inner], crs=4490)
    ring = square(110.03, 40.03, 0.04).difference(square(110.035, 40.035, 0.03))
    pieces = cut([ring, square(110.045, 40.045)], 4490, units)
    assert pieces.region.tolist() == [0, 1]


def test_an_edge_shared_with_the_boundary_makes_no_second_piece() -> None:
    pieces = cut([square(110.09, 40.05)], 4490, UNITS)
    assert pieces.region.tolist() == [0]


def test_overlapping_regions_are_refused() -> None:
    units = gpd.GeoDataFrame({"code": ["a", "b"]}, geometry=[square(110, 40, 0.1), square(110.05, 40, 0.1)], crs=4490)
    with pytest.raises(LayerError) as caught:
        cut([square(110.045, 40.05)], 4490, units)
    assert ids(caught.value) == ["vector.units_overlap"]


# --- rows of the activity table


def test_rows_by_region_and_stratum(tmp_path: Path) -> None:
    states = tabulate(tmp_path, stands()).states
    assert states["region_code"].tolist() == ["150101", "150101", "150102", "150102"]
    assert states["species_group"].tolist() == ["birch", "larch", "birch", "nodata"] or states[
        "species_group"
    ].tolist() == ["larch", "birch", "birch", "nodata"]
    grass = states[states["ecosystem"] == "grassland"].iloc[0]
    assert (grass["land_cover"], grass["grassland_type"]) == ("0401", "typical_steppe")
    assert grass["growing_stock_observed_ha"] == 0.0
    assert np.isnan(grass["growing_stock"])
    larch = states[states["species_group"] == "larch"].iloc[0]
    assert (larch["origin"], larch["age_group"], larch["forest_type"]) == ("natural", "middle_aged", "conifer")
    assert larch["growing_stock"] == pytest.approx(100.0, rel=1e-8)
    assert set(states["source"]) == {"survey"}
    assert set(states["date"]) == {"2020"}


def test_means_are_weighted_by_area(tmp_path: Path) -> None:
    same = {"YOU_SHI_SZ": ["150"] * 3, "QI_YUAN": ["11"] * 3, "LING_ZU": ["2"] * 3, "DLBM": ["0301"] * 3}
    shapes = [square(110.02, 40.05), square(110.04, 40.05), square(110.06, 40.05, 0.02)]
    states = tabulate(tmp_path, stands(**same, MEI_GQ_XJ=[10.0, None, 70.0], geometry=shapes)).states
    first, _, last = cut(shapes, 4490, UNITS).stand_area_ha
    row = states.iloc[0]
    assert row["growing_stock"] == pytest.approx((10 * first + 70 * last) / (first + last), rel=1e-8)
    assert row["growing_stock_observed_ha"] == pytest.approx(first + last, rel=1e-9)
    deviation = 60 * np.sqrt(first * last) / (first + last)
    assert row["growing_stock_sd"] == pytest.approx(deviation, rel=1e-6)


def test_batches_do_not_change_a_digit(tmp_path: Path) -> None:
    whole = tabulate(tmp_path, stands()).states
    one_by_one = tabulate(tmp_path, stands(), batch_size=1).states
    assert whole.equals(one_by_one)


def test_a_row_per_piece(tmp_path: Path) -> None:
    states = tabulate(tmp_path, stands(), group=False).states
    assert sorted(states["stand"]) == ["1", "2", "2", "3"]


def test_a_stand_is_known_by_its_number_and_not_by_its_place(tmp_path: Path) -> None:
    """Another survey has its stands in another order; without a number nothing says that two are the same."""
    later = tabulate(tmp_path, stands(BSM=["3", "1", ""]), group=False).states
    assert set(later["stand"]) == {"3", "1", "2020#3"}
    unnumbered = tabulate(tmp_path, stands().drop(columns="BSM"), group=False).states
    assert set(unnumbered["stand"]) == {"2020#1", "2020#2", "2020#3"}


def test_outside_is_noted(tmp_path: Path) -> None:
    found = tabulate(tmp_path, stands(geometry=[square(110.02, 40.05), square(110.095, 40.05), square(110.195, 40.05)]))
    assert "vector.outside" in ids(found)
    assert found.outside_ha == pytest.approx(found.states["area_ha"].iloc[-1], rel=1e-9)


def test_a_total_per_stand_is_divided_by_its_area(tmp_path: Path) -> None:
    area = cut(stands().geometry.array, 4490, UNITS).stand_area_ha
    frame = stands(HUO_LM_XJ=[100 * area[0], 50 * area[1], None]).drop(columns="MEI_GQ_XJ")
    changes = {"growing_stock": {"field": "HUO_LM_XJ", "unit": "m3"}, "total_volume": False}
    states = tabulate(tmp_path, frame, fields=changes).states
    assert sorted(states["growing_stock"].dropna()) == pytest.approx([50.0, 50.0, 100.0], rel=1e-7)


def test_recorded_area_shared_out_over_the_pieces(tmp_path: Path) -> None:
    frame = stands(XBMJ=[1500.0, 1200.0, 1350.0])
    states = tabulate(tmp_path, frame, fields={"declared_area": {"unit": "mu"}}, area="declared").states
    assert states["area_ha"].sum() == pytest.approx((1500 + 1200 + 1350) / 15, rel=1e-9)


# --- traps, each an error or a note


def test_names_and_six_digits_instead_of_codes(tmp_path: Path) -> None:
    found = tabulate(tmp_path, stands(YOU_SHI_SZ=["落叶松", "１５００００", None]))
    assert found.states["species_group"].tolist() == ["larch", "larch", "larch", "nodata"]
    assert "vector.names_for_codes" in ids(found)


def test_unknown_code_is_listed_with_its_area(tmp_path: Path) -> None:
    error = refused(tmp_path, stands(YOU_SHI_SZ=["971", "421", None]))
    assert ids(error) == ["vector.unknown_code", "vector.unknown_code"]
    assert "971 (1; " in str(error)
    field = {"field": "YOU_SHI_SZ", "overrides": {"971": "willow"}}
    found = tabulate(
        tmp_path, stands(YOU_SHI_SZ=["971", "421", None]), fields={"species_group": field, "forest_type": False}
    )
    assert "willow" in set(found.states["species_group"])


def test_species_on_grassland_is_not_a_stratum(tmp_path: Path) -> None:
    assert tabulate(tmp_path, stands(YOU_SHI_SZ=["150", "421", "999"])).states["species_group"].iloc[-1] == "nodata"


def test_leading_zeros_lost_in_a_number_field(tmp_path: Path) -> None:
    found = tabulate(tmp_path, stands(DLBM=[301, 301, 401]))
    assert "vector.zeros_lost" in ids(found)
    assert set(found.states["land_cover"]) == {"0301", "0401"}
    # 201 is a town and, without its zero, an orchard.
    assert "vector.ambiguous_code" in ids(refused(tmp_path, stands(DLBM=[301, 201, 401]), name="other.gpkg"))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"MEI_GQ_XJ": [0.0, 50.0, None]}, "vector.zero_volume"),
        ({"MEI_GQ_XJ": [-1.0, 50.0, None]}, "vector.out_of_bounds"),
        ({"MEI_GQ_XJ": [9000.0, 50.0, None]}, "vector.volume_too_high"),
        ({"MEI_GQ_XJ": ["约100", "50", None]}, "vector.not_numbers"),
        ({"YU_BI_DU": [70.0, 60.0, None]}, "vector.looks_like_percent"),
        ({"YU_BI_DU": [0.7, 60.0, None]}, "vector.percent_and_fraction"),
        ({"DLBM": ["0301", None, "0401"]}, "vector.no_land_cover_code"),
        ({"HUO_LM_XJ": [100.0, 50.0, None]}, "vector.volume_contradiction"),
        ({"BSM": ["1", "1", "3"]}, "vector.duplicate_id"),
        ({"geometry": [square(110.02, 40.05), None, square(110.15, 40.05)]}, "vector.null_geometry"),
        ({"geometry": [square(110.02, 40.05), square(110.025, 40.05), square(110.15, 40.05)]}, "vector.overlap"),
        ({"geometry": [square(110.02, 40.05, 0.03), square(110.03, 40.06), square(110.15, 40.05)]}, "vector.overlap"),
        ({"geometry": [square(1.0, 40.0), square(2.0, 40.0), square(3.0, 40.0)]}, "vector.disjoint"),
    ],
)
def test_what_is_wrong_is_an_error(tmp_path: Path, change: dict[str, list[Any]], expected: str) -> None:
    assert ids(refused(tmp_path, stands(**change))) == [expected]


def test_an_accepted_finding_becomes_a_note(tmp_path: Path) -> None:
    shapes = [square(110.02, 40.05), square(110.025, 40.05), square(110.15, 40.05)]
    found = tabulate(tmp_path, stands(BSM=["1", "1", "3"], geometry=shapes), accept=["overlap", "duplicate_id"])
    assert {"vector.overlap", "vector.duplicate_id"} <= set(ids(found))
    assert ids(refused(tmp_path, stands(), accept=["everything"])) == ["vector.unknown_accept"]


@pytest.mark.parametrize(("meaning", "mean", "share"), [("observed", 25.0, 1.0), ("missing", 50.0, 0.5)])
def test_zero_volume_means_what_the_user_says(tmp_path: Path, meaning: Any, mean: float, share: float) -> None:
    same = {"YOU_SHI_SZ": ["150"] * 2 + [None], "QI_YUAN": ["11"] * 2 + [None], "LING_ZU": ["2"] * 2 + [None]}
    shapes = [square(110.02, 40.05), square(110.04, 40.05), square(110.15, 40.05)]
    frame = stands(**same, MEI_GQ_XJ=[0.0, 50.0, None], geometry=shapes)
    row = tabulate(tmp_path, frame, zero_volume=meaning).states.iloc[0]
    assert row["growing_stock"] == pytest.approx(mean, rel=1e-7)
    assert row["growing_stock_observed_ha"] / row["area_ha"] == pytest.approx(share, rel=1e-9)


def test_missing_age_group_is_noted_and_not_filled(tmp_path: Path) -> None:
    found = tabulate(tmp_path, stands(LING_ZU=[None, "3", None]))
    assert "vector.missing_stratum" in ids(found)
    assert "nodata" in set(found.states.loc[found.states["ecosystem"] == "forest", "age_group"])


def test_unit_of_the_recorded_area_is_proposed(tmp_path: Path) -> None:
    area = cut(stands().geometry.array, 4490, UNITS).stand_area_ha
    frame = stands(XBMJ=list(area * 15))
    note = next(note for note in tabulate(tmp_path, frame).notes if note.id == "vector.area_unit")
    assert note.values["unit"] == "mu"
    error = refused(tmp_path, frame, fields={"declared_area": {"unit": "ha"}})
    assert ids(error) == ["vector.area_wrong_unit"]
    assert error.problems[0].values["guess"] == "mu"


def test_text_numbers_are_read_and_noted(tmp_path: Path) -> None:
    found = tabulate(tmp_path, stands(MEI_GQ_XJ=["１００", "50", None]))
    assert "vector.text_numbers" in ids(found)
    assert found.states["growing_stock"].max() == pytest.approx(100.0, rel=1e-8)


def test_invalid_geometry_is_named_or_repaired(tmp_path: Path) -> None:
    bow = shapely.Polygon([(110.02, 40.05), (110.03, 40.06), (110.03, 40.05), (110.02, 40.06)])
    frame = stands(geometry=[bow, square(110.095, 40.05), square(110.15, 40.05)])
    error = refused(tmp_path, frame)
    assert ids(error) == ["vector.invalid_geometry"]
    assert "1: Self-intersection" in str(error)
    assert "vector.repaired" in ids(tabulate(tmp_path, frame, repair=True))


def test_missing_fields_and_units_are_all_named(tmp_path: Path) -> None:
    changes = {"origin": "QIYUAN", "grass_yield": "XB_GCCL", "wonder": "BSM"}
    error = refused(tmp_path, stands(XB_GCCL=[1.0, 1.0, 1.0]), fields=changes)
    assert sorted(ids(error)) == ["vector.no_field", "vector.no_unit", "vector.unknown_role"]


# --- files


def test_gbk_shapefile_without_cpg(tmp_path: Path) -> None:
    frame = stands(YOU_SHI_SZ=["落叶松", "白桦", None])
    path = tmp_path / "gbk.shp"
    pyogrio.write_dataframe(frame, path, encoding="GBK")
    (tmp_path / "gbk.cpg").unlink()
    data = bytearray((tmp_path / "gbk.dbf").read_bytes())
    data[29] = 0
    (tmp_path / "gbk.dbf").write_bytes(data)
    layer = VectorLayer("s", path, "2020", fields=fields_from("lincaoshi", {}))
    with pytest.raises(LayerError) as caught:
        stand_states(layer, UNITS)
    assert ids(caught.value) == ["dbf.no_encoding"]
    assert 'GBK: "落叶松"' in caught.value.problems[0].values["readings"]
    assert caught.value.problems[0].values["suggestion"] == "GBK"
    declared = VectorLayer("s", path, "2020", encoding="GBK", fields=layer.fields)
    assert "larch" in set(stand_states(declared, UNITS).states["species_group"])
    wrong = VectorLayer("s", path, "2020", encoding="UTF-8", fields=layer.fields)
    with pytest.raises(LayerError) as caught:
        inspect(wrong)
    assert ids(caught.value) == ["dbf.encoding_fails"]
    with zipfile.ZipFile(tmp_path / "gbk.zip", "w") as archive:
        for part in ("shp", "shx", "dbf", "prj"):
            archive.write(tmp_path / f"gbk.{part}", f"gbk.{part}")
    with pytest.raises(LayerError) as caught:
        inspect(VectorLayer("s", tmp_path / "gbk.zip", "2020"))
    assert ids(caught.value) == ["dbf.no_encoding"]


@pytest.mark.parametrize("name", ["s.gpkg", "s.geojson", "s.gdb", "s.parquet", "s.shp"])
def test_every_format_gives_the_same(tmp_path: Path, name: str) -> None:
    expected = tabulate(tmp_path, stands(), name="reference.gpkg").states
    path = tmp_path / name
    # GeoJSON without a "crs" member is longitude and latitude on WGS 84 by its standard, the same within a metre.
    frame = stands().to_crs(4326) if name.endswith("json") else stands()
    frame.to_parquet(path) if name.endswith("parquet") else frame.to_file(path)
    found = stand_states(VectorLayer("survey", path, "2020", fields=fields_from("lincaoshi", {})), UNITS).states
    assert found["area_ha"].to_numpy() == pytest.approx(expected["area_ha"].to_numpy(), rel=1e-7)
    assert found["species_group"].tolist() == expected["species_group"].tolist()


def test_what_a_file_cannot_be(tmp_path: Path) -> None:
    def found(name: str, **options: Any) -> list[str]:
        with pytest.raises(LayerError) as caught:
            inspect(VectorLayer("s", tmp_path / name, "2020", **options))
        return ids(caught.value)

    assert found("nowhere.gpkg") == ["vector.no_file"]
    (tmp_path / "broken.gpkg").write_bytes(b"not a file")
    assert found("broken.gpkg") == ["vector.unreadable"]
    frame = stands()
    frame.to_file(tmp_path / "two.gpkg", layer="a")
    frame.to_file(tmp_path / "two.gpkg", layer="b")
    assert found("two.gpkg") == ["vector.several_layers"]
    assert found("two.gpkg", layer="c") == ["vector.no_layer"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gpd.GeoDataFrame(geometry=frame.centroid.set_crs(None, allow_override=True)).to_file(tmp_path / "points.shp")
    assert found("points.shp") == ["vector.not_polygons", "vector.no_crs"]
    assert found("points.shp", crs="EPSG:4490") == ["vector.not_polygons"]
    swapped = frame.set_geometry(shapely.transform(frame.geometry.array, lambda xy: xy[:, ::-1]), crs=4490)
    swapped.to_file(tmp_path / "swapped.gpkg")
    assert found("swapped.gpkg") == ["crs.swapped"]


def test_where_chooses_features(tmp_path: Path) -> None:
    states = tabulate(tmp_path, stands(), where="DLBM = '0401'").states
    assert states["ecosystem"].tolist() == ["grassland"]
    assert ids(refused(tmp_path, stands(), where="DLBM =", name="w.gpkg")) == ["vector.bad_where"]


def test_gcj02_is_undone(tmp_path: Path) -> None:
    from sinks.geo.gcj02 import wgs84_to_gcj02

    frame = stands()
    moved = shapely.transform(frame.geometry.array, lambda xy: np.column_stack(wgs84_to_gcj02(xy[:, 0], xy[:, 1])))
    expected = tabulate(tmp_path, frame).states["area_ha"]
    displaced = frame.set_geometry(gpd.GeoSeries(moved, crs=4490))
    found = tabulate(tmp_path, displaced, name="gcj.gpkg", crs="GCJ-02").states["area_ha"]
    assert found.to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-5)


# --- codes and numbers


def test_code_books() -> None:
    species = CodeBook(code_list("dominant_species", stratum="species_group"))
    assert species.read("蒙古栎")[0] is not None
    assert species.read(" 150.0")[1] is Read.CODE
    assert species.read("不存在")[1] is Read.UNKNOWN
    land = CodeBook(code_list("sandiao"))
    assert land.read("201")[0].text == "201"  # type: ignore[union-attr]
    doubtful = land.read_all(["301", "201", "0201"], numeric=False)
    assert [how for _, how in doubtful.values()] == [Read.ZEROS, Read.AMBIGUOUS, Read.CODE]


@pytest.mark.parametrize(
    "name", ["age_group", "origin", "grassland_1980s", "grassland_nyt2997", "species_forest_type", "di_lei"]
)
def test_code_lists_are_sound(name: str) -> None:
    legend = code_list(name, stratum="" if name == "di_lei" else name)
    assert all(entry.source and entry.basis in ("read", "memory", "own") for entry in legend)


def test_a_sign_of_percent_in_a_field_is_the_unit_of_its_number() -> None:
    reader = InputField(quantities()["canopy_cover"], FieldSpec("YU_BI_DU", unit="1"))
    np.testing.assert_allclose(reader.read(["70%", "0.5", "８０％", "6 5"], np.ones(4)), [0.7, 0.5, 0.8, np.nan])
