"""Reading a scenario: TOML, over the file it builds on, refused as a whole if anything is wrong."""

import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from simulation.days.recorded_day import fitted
from simulation.scenarios.csv_file import Reader
from simulation.scenarios.flaws import Flaw, ScenarioError, nearest
from simulation.scenarios.plausibility import flaws_of
from simulation.scenarios.scenario import Scenario
from simulation.scenarios.tables import Examiner, merged

BASE = "base"  # the key that names the file a scenario builds on
LIBRARY = Path(__file__).resolve().parents[2] / "scenarios"

Document = dict[str, Any]


def load(path: Path) -> Scenario:
    """The scenario in a TOML file. Raises ScenarioError."""
    return scenario_of(document(path))


def parse(text: str) -> Scenario:
    """The scenario in a TOML text that builds on no file. Raises ScenarioError."""
    data = _data(text, "")
    if BASE in data:
        raise ScenarioError([Flaw("unreadable", BASE, "this text is in no folder to look there")])
    return scenario_of(data)


def find(name: str) -> Path:
    """A file, or one of the library by its name. Raises FileNotFoundError with the nearest."""
    path = Path(name)
    if path.suffix == ".toml" and path.exists():
        return path
    known = LIBRARY / f"{path.stem}.toml"
    if known.exists():
        return known
    names = sorted(x.stem for x in LIBRARY.glob("*.toml"))
    raise FileNotFoundError(
        f'no scenario {name}; did you mean "{nearest(path.stem, names)}"? '
        f"There are {', '.join(names)}"
    )


def document(path: Path, seen: tuple[Path, ...] = ()) -> Document:
    """What the file says, over what its base says. Raises ScenarioError."""
    here = path.resolve()
    if here in seen:
        way = " -> ".join(x.name for x in (*seen, here))
        raise ScenarioError([Flaw("base_cycle", BASE, f"builds on itself: {way}")])
    data = _data(_text(path), str(path) if seen else "")
    for table in data.get("csv", {}).values() if isinstance(data.get("csv"), dict) else ():
        if isinstance(table, dict) and isinstance(table.get("file"), str):
            table["file"] = str(path.parent / table["file"])  # beside the file that names it
    city = data.get("city")
    if isinstance(city, dict) and isinstance(city.get("streets"), str) and city["streets"]:
        city["streets"] = str(path.parent / city["streets"])
    base = data.pop(BASE, None)
    if base is None:
        return data
    if not isinstance(base, str):
        raise ScenarioError([Flaw("wrong_value", BASE, "is to be the name of a file")])
    below = document(path.parent / base, (*seen, here))
    both: Document = merged(below, data, Scenario)
    return both


def scenario_of(data: Document) -> Scenario:
    """The scenario in a document. Raises ScenarioError with everything that is wrong."""
    examiner = Examiner(also=(BASE,))
    repaired = examiner.table(data, Scenario, "")
    flaws = examiner.flaws
    try:
        scenario = msgspec.convert(repaired, Scenario)
    except msgspec.ValidationError:
        assert flaws, "what the examiner lets pass can be converted"
        raise ScenarioError(flaws) from None
    scenario = on_its_clock(scenario, data)
    if scenario.csv is not None and not flaws:
        scenario = fitted(scenario, Reader(scenario.csv, scenario).read())
    if flaws := [*flaws, *flaws_of(scenario)]:
        raise ScenarioError(flaws)
    return scenario


def on_its_clock(scenario: Scenario, data: Document) -> Scenario:
    """Unless the document says otherwise, the city's clock is the one `starts_at` is told by."""
    engine = data.get("engine")
    offset = scenario.starts_at.utcoffset()
    if offset is None or (isinstance(engine, dict) and "utc_offset_min" in engine):
        return scenario
    offset_min = round(offset / timedelta(minutes=1))
    return replace(scenario, engine=replace(scenario.engine, utc_offset_min=offset_min))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "is not text in UTF-8"
        raise ScenarioError([Flaw("unreadable", str(path), reason)]) from error


def _data(text: str, what: str) -> Document:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError([Flaw("not_toml", what, str(error))]) from error
