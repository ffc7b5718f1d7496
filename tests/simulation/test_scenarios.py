"""Scenarios: every mistake gets a code, the key, and a way out, before anything happens."""

import io
from argparse import ArgumentParser
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace
from rich.console import Console

from engine.codec import GENESIS, chain, encode
from engine.engine import Record
from simulation import command
from simulation.days.city import couriers_of, stores_of
from simulation.scenarios.flaws import Flaw, ScenarioError
from simulation.scenarios.quantities import Varying
from simulation.scenarios.scenario_file import find, load, parse
from simulation.streams import RandomStreams
from tests.simulated_city import SMALL

SCENARIOS = sorted((Path(__file__).resolve().parents[2] / "scenarios").glob("*.toml"))


def flaws_of(old: str, new: str) -> list[Flaw]:
    """What is said of the small scenario with one change."""
    assert old in SMALL
    with pytest.raises(ScenarioError) as refused:
        parse(SMALL.replace(old, new))
    return refused.value.flaws


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda x: x.stem)
def test_every_scenario_of_the_library_can_be_played(path):
    scenario = load(path)
    assert len(scenario.teaches) > 80
    assert stores_of(scenario, RandomStreams(1))
    assert couriers_of(scenario, RandomStreams(1))


def test_there_is_a_readme_paragraph_for_each_scenario():
    assert len(SCENARIOS) >= 12
    readme = (SCENARIOS[0].parent / "README.md").read_text()
    assert [x.name for x in SCENARIOS if f"`{x.name}`" not in readme] == []


@pytest.mark.parametrize(
    ("old", "new", "key", "nearest"),
    [
        ("hours = 0.75", "huors = 0.75", "huors", "hours"),
        ("capacity = 16", "capcity = 16", "couriers[0].capcity", "capacity"),
        ("reach_m = 900", "reach_km = 1", "demand.reach_km", "reach_m"),
        ("median = 420, p90 = 700", "meddian = 420", "stores[0].preparation_s.meddian", "median"),
        ("planning_interval_ms", "plannig_interval_ms", "engine.plannig_interval_ms", ""),
    ],
)
def test_a_typo_names_the_key_and_the_nearest_right_one(old, new, key, nearest):
    flaws = flaws_of(old, new)
    assert [x.code for x in flaws] == ["unknown_key"]
    assert flaws[0].key == key
    assert f'"{nearest or "planning_interval_ms"}"' in flaws[0].detail


def test_all_typos_are_named_at_once():
    with pytest.raises(ScenarioError) as refused:
        parse(SMALL.replace("lat =", "latt =").replace("radius_m", "raduis_m"))
    assert [x.key for x in refused.value.flaws] == ["city.latt", "city.raduis_m"]


@pytest.mark.parametrize(
    ("old", "new", "code", "key"),
    [
        ("hours = 0.75", "", "missing_key", "hours"),
        ("lat = 31.2304\n", "", "missing_key", "city.lat"),
        ("hours = 0.75", 'hours = "one"', "wrong_value", "hours"),
        ("hours = 0.75", "hours = -1", "wrong_value", "hours"),
        ("lat = 31.2304", "lat = 121.4737", "wrong_value", "city.lat"),
        (
            "median = 420, p90 = 700",
            "median = 420, p90 = 70",
            "wrong_value",
            "stores[0].preparation_s",
        ),
        ('vehicle = "scooter"', 'vehicle = "rocket"', "wrong_value", "couriers[0].vehicle"),
        ("+08:00", "", "wrong_value", "starts_at"),
        ("profile = [1.0, 2.0, 1.0]", "profile = [0.0]", "no_demand", "demand.profile"),
        ('id = "tea"', 'id = "noodles"', "duplicate_id", "products[1].id"),
        ('sells = ["drinks"]', 'sells = ["drink"]', "unknown_category", "stores[1].sells"),
        ("to_h = 1.5", "to_h = -1.5", "negative_shift", "couriers[0].to_h"),
        ("to_h = 1.5", "to_h = 24.5", "shift_too_long", "couriers[0].to_h"),
        ("to_h = 1.5", "to_h = 0.5", "nobody_working", "couriers"),
        ("to_h = 1.5", "from_h = 0.2\nto_h = 1.5", "nobody_working", "couriers"),
        ("to_h = 1.5", "to_h = 1.5\nstagger_min = 90", "negative_shift", "couriers[0].stagger_min"),
        ("count = 8", "count = 0", "no_courier", "couriers"),
        ('id = "tea"', 'id = "tea"\nskills = ["ice"]', "unknown_skill", "products[1].skills"),
        ("capacity = 16", "capacity = 4", "courier_too_small", "couriers.capacity"),
        (
            "[engine]",
            "[engine]\npromise_max_ms = 60_000",
            "promise_too_short",
            "engine.promise_max_ms",
        ),
        ("[engine]", '[planner]\npolicy = "insert"\n[engine]', "unknown_policy", "planner.policy"),
        (
            "[engine]",
            "[planner]\nthinking_ms = 60_000\n[engine]",
            "thinking_too_long",
            "planner.thinking_ms",
        ),
        ("[engine]", "[engine", "not_toml", ""),
    ],
)
def test_what_no_city_could_be_is_refused_with_a_code_and_a_key(old, new, code, key):
    assert (code, key) in [(x.code, x.key) for x in flaws_of(old, new)]


def test_a_city_without_stores_or_goods_is_refused():
    head, rest = SMALL.split("[[stores]]", 1)
    bare = "stores = []\n" + head + "[[couriers]]" + rest.split("[[couriers]]", 1)[1]
    with pytest.raises(ScenarioError) as refused:
        parse(bare)
    assert "no_store" in [x.code for x in refused.value.flaws]
    head, rest = SMALL.split("[[products]]", 1)
    bare = "products = []\n" + head + "[[stores]]" + rest.split("[[stores]]", 1)[1]
    with pytest.raises(ScenarioError) as refused:
        parse(bare)
    assert {"no_product", "unknown_category"} <= {x.code for x in refused.value.flaws}


def test_a_category_nobody_knows_comes_with_the_nearest():
    (flaw,) = flaws_of('sells = ["drinks"]', 'sells = ["drink"]')
    assert '"drinks"' in flaw.detail


def test_a_skill_nobody_has_comes_with_the_nearest_and_one_person_needs_them_all():
    cold = SMALL.replace('id = "tea"', 'id = "tea"\nskills = ["cold_bx"]')
    cold = cold.replace("count = 8", 'count = 8\nskills = ["cold_box"]')
    with pytest.raises(ScenarioError) as refused:
        parse(cold)
    [flaw] = refused.value.flaws
    assert '"cold_box"' in flaw.detail
    head, rest = SMALL.split("[[couriers]]", 1)
    group, tail = rest.split("\n[", 1)
    others = group.replace('"Scooters"', '"Others"') + '\nskills = ["age_check"]\n'
    group += '\nskills = ["cold_box"]\n'
    both = f"{head}[[couriers]]{group}[[couriers]]{others}\n[{tail}".replace(
        'id = "tea"', 'id = "tea"\nskills = ["cold_box", "age_check"]'
    )
    with pytest.raises(ScenarioError) as refused:
        parse(both)
    assert [x.detail for x in refused.value.flaws] == ["no courier has all of cold_box, age_check"]


def test_a_file_that_is_not_there_or_not_text_is_a_flaw_too(tmp_path):
    with pytest.raises(ScenarioError) as refused:
        load(tmp_path / "nowhere.toml")
    assert refused.value.flaws[0].code == "unreadable"
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ScenarioError) as refused:
        load(tmp_path / "binary.toml")
    assert refused.value.flaws[0].code == "unreadable"


# one scenario over another

CHILD = """
base = "{base}"
name = "More of it"

[demand]
orders = 90

[[couriers]]
name = "Scooters"
count = 4

[[couriers]]
name = "Walkers"
count = 3
vehicle = "walk"
capacity = 12
to_h = 1.5
pace = {{ median = 1.0, p90 = 1.2 }}
answers_s = {{ mean = 6 }}
door_s = {{ median = 60, p90 = 120 }}

[[stores]]
name = "Kitchen"
preparation_s = {{ mean = 300 }}
"""


@pytest.fixture
def family(tmp_path) -> Path:
    """The small city in one file, and a child of it in another; the folder of both."""
    (tmp_path / "small.toml").write_text(SMALL)
    (tmp_path / "child.toml").write_text(CHILD.format(base="small.toml"))
    return tmp_path


def test_a_scenario_says_only_what_differs_from_its_base(family):
    base, child = load(family / "small.toml"), load(family / "child.toml")
    assert child.name == "More of it"
    assert child.demand == replace(base.demand, orders=90)
    assert child.products == base.products
    assert child.engine == base.engine


def test_a_city_keeps_the_time_its_beginning_is_told_by_unless_it_says_otherwise(family):
    base, child = load(family / "small.toml"), (family / "child.toml").read_text()
    offset = base.starts_at.utcoffset()
    assert base.engine.utc_offset_min == offset / timedelta(minutes=1) == 480
    (family / "far.toml").write_text(f"{child}\n[engine]\nutc_offset_min = 0\n")
    assert load(family / "far.toml").engine.utc_offset_min == 0


def test_named_tables_are_merged_by_name_and_new_ones_come_last(family):
    base, child = load(family / "small.toml"), load(family / "child.toml")
    assert [x.name for x in child.couriers] == ["Scooters", "Walkers"]
    assert child.couriers[0] == replace(base.couriers[0], count=4)
    assert child.stores[1] == base.stores[1]


def test_a_distribution_is_replaced_as_a_whole(family):
    child = load(family / "child.toml")
    assert child.stores[0].preparation_s == Varying(mean=300)


def test_a_grandchild_builds_on_both(family):
    (family / "grandchild.toml").write_text('base = "child.toml"\nhours = 0.5')
    grandchild = load(family / "grandchild.toml")
    assert (grandchild.hours, grandchild.demand.orders) == (0.5, 90)


def test_a_scenario_that_builds_on_itself_is_refused_with_the_way_round(family):
    (family / "small.toml").write_text('base = "child.toml"\n' + SMALL)
    with pytest.raises(ScenarioError) as refused:
        load(family / "child.toml")
    (flaw,) = refused.value.flaws
    assert flaw.code == "base_cycle"
    assert "child.toml -> small.toml -> child.toml" in flaw.detail


def test_what_is_wrong_with_a_base_is_said_of_the_base(family):
    (family / "small.toml").write_text("[demand")
    with pytest.raises(ScenarioError) as refused:
        load(family / "child.toml")
    (flaw,) = refused.value.flaws
    assert (flaw.code, Path(flaw.key).name) == ("not_toml", "small.toml")
    (family / "small.toml").unlink()
    with pytest.raises(ScenarioError) as refused:
        load(family / "child.toml")
    assert refused.value.flaws[0].code == "unreadable"


@pytest.mark.parametrize(
    ("base", "code"), [("base = 3\n", "wrong_value"), ("bsae = 3\n", "unknown_key")]
)
def test_a_base_that_is_no_name_is_refused(family, base, code):
    (family / "odd.toml").write_text(base + SMALL)
    with pytest.raises(ScenarioError) as refused:
        load(family / "odd.toml")
    assert [x.code for x in refused.value.flaws] == [code]
    assert "base" in str(refused.value)


def test_a_text_has_no_folder_to_look_for_a_base_in():
    with pytest.raises(ScenarioError, match="in no folder"):
        parse('base = "small.toml"\n' + SMALL)


# everything at once


def test_flaws_of_every_kind_are_said_at_once():
    bad = SMALL.replace("hours = 0.75", "huors = 0.75").replace("count = 8", "count = -8")
    bad = bad.replace("reach_m = 900\n", "").replace('"scooter"', '"rocket"')
    with pytest.raises(ScenarioError) as refused:
        parse(bad)
    assert [(x.code, x.key) for x in refused.value.flaws] == [
        ("unknown_key", "huors"),
        ("missing_key", "demand.reach_m"),
        ("wrong_value", "couriers[0].count"),
        ("wrong_value", "couriers[0].vehicle"),
    ]


def test_a_misspelled_key_does_not_hide_what_no_city_could_be():
    bad = SMALL.replace("hours = 0.75", "huors = 0.75").replace("to_h = 1.5", "to_h = -1.5")
    with pytest.raises(ScenarioError) as refused:
        parse(bad)
    assert [x.code for x in refused.value.flaws[:2]] == ["unknown_key", "negative_shift"]


@pytest.mark.parametrize("value", ["{ mean = 6, median = 5, p90 = 9 }", "{ p90 = 9 }", "{}", "6"])
def test_a_distribution_is_one_or_the_other(value):
    flaws = flaws_of("answers_s = { median = 6, p90 = 15 }", f"answers_s = {value}")
    assert [(x.code, x.key) for x in flaws] == [("wrong_value", "couriers[0].answers_s")]


def test_a_list_of_tables_is_not_a_table():
    (flaw, *_) = flaws_of("[[couriers]]", "[couriers]")
    assert (flaw.code, flaw.key) == ("wrong_value", "couriers")


def test_a_scenario_of_the_library_is_found_by_its_name_and_a_typo_names_the_nearest():
    assert find("lunch_rush").name == "lunch_rush.toml"
    with pytest.raises(FileNotFoundError, match='did you mean "lunch_rush"'):
        find("lunch_rsh")


# the command


class Notebook:
    """A journal in memory."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.closed = False

    def append(self, records) -> None:
        assert not self.closed
        self.records += records

    def head(self) -> tuple[int, bytes]:
        return len(self.records), b""

    def close(self) -> None:
        self.closed = True


def run(notebook: Notebook, *words: str) -> tuple[int, str]:
    parser = ArgumentParser()
    command.add_arguments(parser)
    screen = Console(file=io.StringIO(), width=120)
    code = command.run(parser.parse_args(words), lambda _: notebook, screen)
    assert isinstance(screen.file, io.StringIO)
    return code, screen.file.getvalue()


@pytest.fixture
def short(tmp_path) -> Path:
    path = tmp_path / "short.toml"
    path.write_text(SMALL.replace("hours = 0.75", "hours = 0.2"))
    return path


def test_the_command_prints_a_scorecard_and_keeps_journal_and_figures(short, tmp_path):
    notebook, out = Notebook(), tmp_path / "out"
    code, text = run(notebook, str(short), "--seed", "7", "--out", str(out))
    assert code == command.PLAYED
    assert "on time" in text
    assert "Every order ended" in text
    assert notebook.closed
    digest = GENESIS
    for record in notebook.records:
        digest = chain(digest, encode(record))
    assert digest.hex() in text
    kept = msgspec.json.decode((out / "scorecard.json").read_bytes())
    assert kept["digest"] == digest.hex()
    assert kept["records"] == len(notebook.records)


def test_the_command_speaks_json_to_programs(short):
    code, text = run(Notebook(), str(short), "--json")
    assert code == command.PLAYED
    assert msgspec.json.decode(text)["orders"]["open"] == 0


def test_the_command_refuses_a_scenario_with_a_typo(tmp_path, capsys):
    path = tmp_path / "typo.toml"
    path.write_text(SMALL.replace("cooks", "cook").replace("hours", "huors"))
    code, text = run(Notebook(), str(path))
    assert code == command.UNUSABLE
    assert text == ""
    assert 'did you mean "hours"?' in capsys.readouterr().err


def test_the_command_overwrites_nothing(short, tmp_path, capsys):
    (tmp_path / "precious").write_text("notes")
    code, _ = run(Notebook(), str(short), "--out", str(tmp_path))
    assert code == command.UNUSABLE
    assert "not an empty folder" in capsys.readouterr().err


def test_the_command_wants_a_seed_that_is_a_whole_number(short, capsys):
    for seed in ("seven", "-1", "1.5"):
        with pytest.raises(SystemExit) as ended:
            run(Notebook(), str(short), "--seed", seed)
        assert ended.value.code == 2
        assert "not a whole number" in capsys.readouterr().err
