"""A server with streets: its times follow them, its console draws them, and both say so once."""

import gzip
import json

import pytest

from gateway import messages as m
from gateway.cli import main
from gateway.commands.streets import read_streets
from gateway.connections.http import BASEMAP
from geo.city_streets import CityStreets, decode, encode
from geo.roads import RoadGraph
from geo.surveying import Errors, Survey
from geo.travel import Vehicle
from tests.gateway.test_server import get
from tests.geo.test_roads import OSM, grid_city
from tests.serving import live, party, serving
from tests.spaces import folded

LINES = gzip.compress(b'{"type":"FeatureCollection","features":[{}]}')
FIGURES = Survey(folded(), 5_000, 100, 300.0, Errors(10.0, 30.0), Errors(20.0, 90.0))
STREETS = CityStreets(Vehicle.SCOOTER, FIGURES, RoadGraph.of_ways(grid_city(4, 1)), LINES)


@live
async def test_streets_are_set_once_stay_without_being_told_and_are_drawn(tmp_path):
    async with serving(tmp_path, streets=STREETS) as app:
        assert app.engine.state.settings.current.travel.streets == FIGURES.space
        status, headers, body = await get(app, BASEMAP)
        assert (status, headers["Content-Encoding"], body) == (200, "gzip", LINES)
        async with party(app, "operator", "office") as office:
            reply = await office.ask(m.GetSettings())
            await office.ask(m.ChangeSettings(reply.body.settings))
        assert app.engine.state.settings.current.travel.streets == FIGURES.space
        before = app.engine.seq
    async with serving(tmp_path, streets=STREETS) as app:
        assert app.engine.seq == before  # nothing to tell
    async with serving(tmp_path) as app:
        assert app.engine.state.settings.current.travel.streets == FIGURES.space
        _, headers, body = await get(app, BASEMAP)
        assert "Content-Encoding" not in headers
        assert json.loads(body)["features"] == []


def test_a_file_that_is_none_is_refused_by_name(tmp_path):
    path = tmp_path / "city.streets"
    with pytest.raises(ValueError, match=r"city\.streets"):
        read_streets(path)
    path.write_bytes(encode(STREETS)[:-100])
    with pytest.raises(ValueError, match=r"city\.streets: not a file of streets"):
        read_streets(path)
    path.write_bytes(encode(STREETS))
    assert read_streets(path).survey == FIGURES


@pytest.mark.parametrize(
    ("more", "word"),
    [(["--around", "porto"], "LAT,LON"), (["--around", "41,-8", "--radius-m", "0"], "--radius-m")],
)
def test_what_cannot_be_measured_is_said(tmp_path, capsys, more, word):
    assert main(["streets", "no.osm.pbf", "--out", str(tmp_path / "x.streets"), *more]) != 0
    assert word in capsys.readouterr().err


def test_a_real_town_is_measured(tmp_path, capsys):
    pytest.importorskip("osmium", reason="needs osmium to read street files")
    town = OSM / "monaco.osm.pbf"
    if not town.exists():
        pytest.skip("the street extracts are absent")
    out = tmp_path / "monaco.streets"
    ask = ["streets", str(town), "--out", str(out), "--around", "43.735,7.42"]
    assert main([*ask, "--radius-m", "1500", "--reach-m", "2500"]) == 0
    found = decode(out.read_bytes()).survey
    assert found.by_space.median_s < found.by_great_circle.median_s
    assert "by these streets" in capsys.readouterr().out
