"""Anyone's own day from CSV files: played as it was, and every row that could not be is told."""

import io
from argparse import ArgumentParser
from pathlib import Path

import pytest
from rich.console import Console

from engine import events as e
from engine.commands import RequestQuote
from engine.values import HOUR, MINUTE
from simulation import command
from simulation.days.day import of_scenario
from simulation.lab import command as lab
from simulation.run import simulate
from simulation.scenarios.flaws import ScenarioError
from simulation.scenarios.recorded import Recorded
from simulation.scenarios.scenario import Scenario
from simulation.scenarios.scenario_file import load
from simulation.streams import RandomStreams
from tests.simulated_city import SMALL

STORES = """id,lat,lon,name,group,preparation_min,cooks
s1,31.2304,121.4737,Noodles at the corner,Kitchen,10,2
s2,31.2330,121.4760,,Counter,,
"""
ORDERS = """Order,Created,Shop,Latitude,Longitude,Ready,Item,Pieces
a1,2025-03-07T11:05:00,s1,31.2310,121.4700,,noodles,2
a1,2025-03-07T11:05:00,s1,31.2310,121.4700,,tea,1
a2,2025-03-07T11:20:30+08:00,s2,31.2340,121.4790,2025-03-07T11:40:00,,
a3,2025-03-07T03:45:00Z,s1,31.2290,121.4750,,,
"""
COURIERS = """id,starts_at,ends_at,lat,lon,vehicle,capacity
kim,2025-03-07T10:58:20,2025-03-07T15:00:00,31.2304,121.4737,bicycle,14
lee,2025-03-07T11:30:00,2025-03-07T15:00:00,,,,
"""
DAY = """
[csv]
[csv.orders]
file = "orders.csv"
[csv.orders.columns]
id = "Order"
placed_at = "Created"
store = "Shop"
lat = "Latitude"
lon = "Longitude"
ready_at = "Ready"
product = "Item"
quantity = "Pieces"
[csv.stores]
file = "stores.csv"
[csv.couriers]
file = "couriers.csv"
"""


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "orders.csv").write_text(ORDERS)
    (tmp_path / "stores.csv").write_text(STORES)
    (tmp_path / "couriers.csv").write_text(COURIERS)
    (tmp_path / "day.toml").write_text(SMALL + DAY)
    return tmp_path


def change(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def read(folder: Path) -> tuple[Scenario, Recorded]:
    scenario = load(folder / "day.toml")
    assert scenario.recorded is not None
    return scenario, scenario.recorded


def flaws(folder: Path) -> list[tuple[str, str]]:
    with pytest.raises(ScenarioError) as refused:
        load(folder / "day.toml")
    return [(x.code, x.key) for x in refused.value.flaws]


def test_a_day_from_files_is_played_as_it_was(folder):
    scenario, _ = read(folder)
    records = []
    run = simulate(scenario, 1, records.append)
    assert run.is_sound
    asked = {
        x.command.quote: (x.at, x.command) for x in records if isinstance(x.command, RequestQuote)
    }
    start = scenario.starts_ms
    assert {k: (at - start) / MINUTE for k, (at, _) in asked.items()} == {
        "qa1": 7.0,
        "qa2": 22.5,
        "qa3": 47.0,
    }
    assert [(x.product, x.quantity) for x in asked["qa1"][1].lines] == [("noodles", 2), ("tea", 1)]
    assert asked["qa2"][1].store == "s2"
    assert asked["qa2"][1].lines, "a basket is drawn where none was recorded"
    ready = {x.order: r.at for r in records for x in r.events if isinstance(x, e.OrderReady)}
    assert ready["oa2"] - start == 42 * MINUTE
    shifts = {
        x.courier: (r.at, x.ends_at)
        for r in records
        for x in r.events
        if isinstance(x, e.ShiftStarted)
    }
    assert (shifts["kim"][0] - start) / 1_000 == 20
    assert (shifts["lee"][0] - start) / MINUTE == 32
    assert run.state.couriers["kim"].vehicle == "bicycle"
    assert run.state.couriers["lee"].vehicle == "scooter"
    assert run.scorecard.provenance.sources == [
        "stores.csv: 2 of 2 rows read",
        "couriers.csv: 2 of 2 rows read",
        "orders.csv: 4 of 4 rows read",
    ]


def test_hours_and_city_follow_from_the_rows(folder):
    scenario, day = read(folder)
    assert scenario.starts_at.isoformat() == "2025-03-07T10:58:00+08:00"
    assert scenario.hours == pytest.approx((47 * 60 + 1) / 3600)
    assert [x.count for x in scenario.stores] == [1, 1]
    assert [x.count for x in scenario.couriers] == [2]
    sites = of_scenario(scenario, RandomStreams(1)).sites
    assert [x.name for x in sites] == ["Noodles at the corner", "s2"]
    assert sites[0].group.preparation_s.median == 600
    assert sites[0].group.cooks == 2
    assert sites[1].group.preparation_s == scenario.stores[1].preparation_s
    assert day.orders[0].customer is None


def test_the_same_rows_are_the_same_day_wherever_the_files_are(folder, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for path in folder.glob("*.*"):
        (elsewhere / path.name).write_bytes(path.read_bytes())
    one, other = load(folder / "day.toml"), load(elsewhere / "day.toml")
    assert one == other


@pytest.mark.parametrize(
    ("name", "old", "new", "line", "column", "why"),
    [
        (
            "orders.csv",
            "11:05:00,s1,31.2310,121.4700,,n",
            "25:05:00,s1,31.2310,121.4700,,n",
            2,
            "Created",
            "no time",
        ),
        ("orders.csv", "Z,s1", "Z,s9", 5, "Shop", 'no store is called "s9"'),
        ("orders.csv", "31.2340", "north", 4, "Latitude", "north"),
        ("orders.csv", "31.2340,121.4790", "60.2340,121.4790", 4, "Latitude", "km from the middle"),
        ("orders.csv", "11:40:00", "11:10:00", 4, "Ready", "before the order"),
        ("orders.csv", "tea,1", "tee,1", 3, "Item", 'did you mean "tea"'),
        ("orders.csv", "tea,1", "tea,none", 3, "Pieces", "number of pieces"),
        ("orders.csv", "a2,", "a 2,", 4, "Order", "a 2"),
        ("orders.csv", ",s1,31.2290,121.4750,,,", ",s1", 5, "", "too few"),
        ("orders.csv", "121.4750,,,", "121.4750,,,,,", 5, "", "too many"),
        ("orders.csv", "a3", "a2", 5, "Order", "already"),
        ("couriers.csv", "T15:00:00,,,,", "T09:00:00,,,,", 3, "ends_at", "not after"),
        ("couriers.csv", "07T15:00:00,,,,", "08T11:30:01,,,,", 3, "ends_at", "24 h, later"),
        ("couriers.csv", "bicycle", "rocket", 2, "vehicle", "rocket"),
        ("couriers.csv", "31.2304,121.4737", ",121.4737", 2, "lat", "empty"),
        ("stores.csv", "Counter", "Conter", 3, "group", 'did you mean "Counter"'),
        ("stores.csv", "s2,31.2330", "s1,31.2330", 3, "id", "already"),
        ("stores.csv", "s2,31.2330,121.4760", "s2,,121.4760", 3, "lat", "empty"),
    ],
)
def test_a_row_that_cannot_be_read_is_told_with_its_line_and_why(
    folder, name, old, new, line, column, why
):
    change(folder, name, old, new)
    _, day = read(folder)
    first = day.unread[0] if name != "stores.csv" else next(x for x in day.unread if x.file == name)
    assert (first.file, first.line, first.column) == (name, line, column)
    assert why in str(first)
    rows = {"orders.csv": 4, "stores.csv": 2, "couriers.csv": 2}
    assert day.rows == rows
    kept = {
        "orders.csv": sum(max(1, len(x.items)) for x in day.orders),
        "stores.csv": len(day.stores),
        "couriers.csv": len(day.couriers),
    }
    for file, count in rows.items():
        assert kept[file] + sum(x.file == file for x in day.unread) == count, "read, or on the list"


@pytest.mark.parametrize(
    ("name", "old", "new", "flaw"),
    [
        ("day.toml", '"Created"', '"Craeted"', ("missing_key", "csv.orders.columns.placed_at")),
        ("day.toml", "placed_at =", "placed =", ("unknown_key", "csv.orders.columns.placed")),
        ("day.toml", '"orders.csv"', '"order.csv"', ("unreadable", "csv.orders.file")),
        ("day.toml", "[csv]", '[csv]\ntimes = "clocks"', ("wrong_value", "csv.times")),
        ("day.toml", "[csv.stores]", "[csv.store]", ("unknown_key", "csv.store")),
        ("orders.csv", "2025-03-07T", "yesterday ", ("no_demand", "csv.orders")),
        ("couriers.csv", "2025-03-07T1", "2025-3-", ("no_courier", "csv.couriers")),
    ],
)
def test_files_that_are_of_no_use_are_flaws_of_the_scenario(folder, name, old, new, flaw):
    change(folder, name, old, new)
    assert flaw in flaws(folder)


@pytest.mark.parametrize(
    ("times", "created"),
    [
        ("clock", ["11:05", "11:20:30", "11:45"]),
        ("minutes", ["665", "680.5", "705"]),
        ("unix_s", ["1741316700", "1741317630", "1741319100"]),
        ("unix_ms", ["1741316700000", "1741317630000", "1741319100000"]),
    ],
)
def test_times_may_be_written_in_other_ways(folder, times, created):
    rows = zip(("a1,{},s1", "a2,{},s2", "a3,{},s1"), created, strict=True)
    text = "".join(f"{x.format(at)},31.23,121.47\n" for x, at in rows)
    (folder / "orders.csv").write_text("id,placed_at,store,lat,lon\n" + text)
    head, _ = DAY.split("[csv.orders.columns]")
    toml = (
        SMALL
        + head.replace("[csv]", f'[csv]\ntimes = "{times}"')
        + '[csv.stores]\nfile = "stores.csv"\n'
    )
    (folder / "day.toml").write_text(toml.replace("to_h = 1.5", "to_h = 9"))
    scenario, day = read(folder)
    assert [x.placed_at.timestamp() for x in day.orders] == [1741316700, 1741317630, 1741319100]
    assert [x.count for x in scenario.couriers] == [8], "the scenario's couriers are on the street"


def test_semicolons_spaces_and_a_byte_order_mark_do_no_harm(folder):
    text = STORES.replace(",", ";").replace("id;lat", "id; lat")
    (folder / "stores.csv").write_text("\ufeff" + text, encoding="utf-8")
    for name in ("orders.csv", "couriers.csv"):
        (folder / name).write_text((folder / name).read_text().replace(",", ";"))
    change(folder, "day.toml", "[csv]", '[csv]\ndelimiter = ";"')
    _, day = read(folder)
    assert (len(day.stores), len(day.orders), day.unread) == (2, 3, [])


# the commands


def played(module, *words: str) -> tuple[int, str]:
    parser = ArgumentParser()
    module.add_arguments(parser)
    screen = Console(file=io.StringIO(), width=140)
    args = parser.parse_args(words)
    code = module.run(args, None, screen) if module is command else module.run(args, screen)
    assert isinstance(screen.file, io.StringIO)
    return code, screen.file.getvalue()


def test_files_and_columns_may_be_given_to_the_command(folder, capsys):
    (folder / "small.toml").write_text(SMALL)
    change(folder, "orders.csv", "a2,", "a 2,")
    columns = {
        "id": "Order",
        "placed_at": "Created",
        "store": "Shop",
        "lat": "Latitude",
        "lon": "Longitude",
    }
    words = [x for ours, name in columns.items() for x in ("--columns", f"orders.{ours}={name}")]
    for table in ("orders", "stores", "couriers"):
        words += [f"--{table}", str(folder / f"{table}.csv")]
    code, text = played(command, str(folder / "small.toml"), *words)
    assert code == command.PLAYED
    assert "orders.csv: 2 of 4 rows read, 2 could not be" in text
    told = capsys.readouterr().err
    assert "orders.csv, line 3, Order" in told, (
        "without its product a second line is a second order"
    )
    assert "orders.csv, line 4, Order" in told


@pytest.mark.parametrize("columns", ["orders=Created", "ordrs.id=Order", "placed_at=Created"])
def test_a_column_of_no_file_is_refused(folder, columns, capsys):
    code, _ = played(command, str(folder / "day.toml"), "--columns", columns)
    assert code == command.UNUSABLE
    assert "--columns" in capsys.readouterr().err


def test_a_recorded_day_can_be_compared_and_what_it_fixes_cannot_be_varied(
    folder, tmp_path, capsys
):
    day = str(folder / "day.toml")
    words = [day, "--replications", "2", "--workers", "1", "--out", str(tmp_path / "out")]
    code, _ = played(lab, *words, "--vary", "couriers=2,3")
    assert code == lab.UNUSABLE
    assert "are the same" in capsys.readouterr().err
    code, text = played(lab, *words, "--vary", "promise_min=15,30")
    assert code == lab.ANSWERED
    assert "B (promise_min 30)" in text
    assert "orders.csv: 4 of 4 rows read" in (tmp_path / "out" / "report.html").read_text()


def test_a_recorded_day_lasts_as_long_as_its_orders(folder):
    scenario, _ = read(folder)
    day = of_scenario(scenario, RandomStreams(1))
    assert not day.comes_again
    assert max(at for at, _ in day.visits(0)) < day.length_ms <= HOUR
