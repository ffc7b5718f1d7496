"""`o2o streets FILE.osm.pbf`: a city's streets measured, for travel times, rides and the map."""

import argparse
import sys
from pathlib import Path

from gateway.streets import StreetFileError, read_ways
from geo.city_streets import CityStreets, StreetsError, decode, drawn, encode
from geo.points import Point
from geo.roads import RoadError, RoadGraph
from geo.surveying import Errors, SurveyError, survey
from geo.travel import PERMILLE, TravelModel, Vehicle
from geo.zones import Circle

AROUND_M = 2_000  # of streets around the circle, for ways that leave it for a while


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="an OpenStreetMap extract, .osm.pbf")
    parser.add_argument("--out", type=Path, required=True, help="where to: CITY.streets")
    parser.add_argument(
        "--around", required=True, metavar="LAT,LON", help="the middle of the city, in degrees"
    )
    parser.add_argument("--radius-m", type=int, default=9_000, help="how far the city reaches")
    parser.add_argument("--reach-m", type=int, default=7_000, help="the longest way that matters")
    parser.add_argument(
        "--vehicle", choices=[*Vehicle], default=Vehicle.SCOOTER, help="what most couriers ride"
    )
    parser.epilog = (
        "`o2o serve --streets CITY.streets` plans and promises by it, a scenario with "
        '`[city] streets = "CITY.streets"` rides on it, and consoles draw it.'
    )


def run(args: argparse.Namespace) -> int:
    """0. Raises ValueError for what cannot be read or measured."""
    middle, vehicle = _point(args.around), Vehicle(args.vehicle)
    if min(args.radius_m, args.reach_m) <= 0:
        raise ValueError("a city reaches farther than nothing: --radius-m, --reach-m")
    try:
        ways = read_ways(args.file, vehicle, Circle(middle, args.radius_m + AROUND_M))
        graph = RoadGraph.of_ways(ways)
        found = survey(graph, middle, args.radius_m, args.reach_m)
    except (StreetFileError, RoadError, SurveyError) as e:
        raise ValueError(f"{args.file}: {e}") from e
    args.out.write_bytes(encode(CityStreets(vehicle, found, graph, drawn(ways))))
    speed = found.pace_mm_s * TravelModel().detour_permille // PERMILLE
    sys.stdout.write(
        f"{len(graph.places)} junctions, {len(graph.tail)} arcs for a {vehicle}; "
        f"{found.ways} ways kept apart, the median {found.typical_s:.0f} s\n"
        f"off by, median and p95    by these streets {_told(found.by_space)}    "
        f"by great circles {_told(found.by_great_circle)}\n"
        f"{vehicle}_mm_s = {speed} would be as fast as the streets allow on an empty road\n"
        f"{args.out}: {args.out.stat().st_size / 1e6:.1f} MB, "
        f"of which the engine records {len(found.space.corners_mm) / 1e3:.0f} kB\n"
    )
    return 0


def read_streets(path: Path) -> CityStreets:
    """Raises ValueError naming the file."""
    try:
        return decode(path.read_bytes())
    except (StreetsError, OSError) as e:
        raise ValueError(f"{path}: {e}") from e


def _point(text: str) -> Point:
    try:
        lat, lon = (float(x) for x in text.split(","))
    except ValueError:
        raise ValueError(f"{text!r} is not LAT,LON: --around 41.155,-8.62") from None
    return Point.of_degrees(lat, lon)


def _told(errors: Errors) -> str:
    return f"{errors.median_s:.0f} / {errors.p95_s:.0f} s"
