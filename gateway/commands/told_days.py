"""Days that happened, each told in its own way: a journal, rows of files, a public day of meals."""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple, Protocol

from msgspec.structs import replace
from rich.console import Console

from engine.commands import RequestQuote
from engine.engine import Record
from engine.events import EngineOpened, SettingsChanged
from engine.settings import Settings
from engine.values import DAY, MINUTE, Millis
from gateway.storage.journal import JOURNAL_FILE, JournalReader
from simulation.calibration.fitting import fit
from simulation.calibration.observed import Observed
from simulation.calibration.observing import Observer
from simulation.calibration.rows import columns_of, fitted_to, only, untold
from simulation.calibration.rows import observed as observed_rows
from simulation.calibration.telling import Teller
from simulation.command import print_unread
from simulation.mdrp.instance import FILES, read_instance
from simulation.mdrp.rows import recorded_of
from simulation.run import simulate
from simulation.scenarios.csv_options import TABLES
from simulation.scenarios.flaws import Flaw, ScenarioError
from simulation.scenarios.recorded import Recorded
from simulation.scenarios.scenario import Scenario
from simulation.scenarios.scenario_file import document, find, scenario_of

EPOCH = date(1970, 1, 1)


class Day(Protocol):
    """A day that happened, however it is told."""

    told: str  # where it comes from
    real: Observed

    def fitted(self, name: str) -> Scenario: ...

    def not_fitted(self) -> str: ...

    def simulated(self, scenario: Scenario, seed: int) -> Observed:
        """A day of this scenario, seen through the same eyes."""

    def held_out(self, other: str) -> Observed:
        """A folder; of a journal of several days, a date as well."""


# a journal


class JournalDay:
    """All its records; of a journal of several days, those of one."""

    def __init__(self, folder: Path, chosen: date | None) -> None:
        self._folder = folder
        self.told = folder.resolve().name
        found = day_in(folder, chosen)
        if found is not None:
            self.told += f", {found.date}"
            sys.stderr.write(f"{folder} tells of {found.days} days; this is about {found.date}\n")
        self.real, self._settings = observed(folder, found)

    def fitted(self, name: str) -> Scenario:
        return fit(self.real, self._settings, name)

    def not_fitted(self) -> str:
        return (
            "when stores close because they are too full, late and repeated notices of the "
            "provider, noise of phones, wages by the hour: records do not show it; hours in which "
            "nobody was on shift: whoever was there last stays"
        )

    def simulated(self, scenario: Scenario, seed: int) -> Observed:
        observer = Observer()
        simulate(scenario, seed, observer.see)
        return observer.finished()

    def held_out(self, other: str) -> Observed:
        folder = Path(other)
        if folder.is_dir():
            return observed(folder, day_in(folder, None))[0]
        return observed(self._folder, day_in(self._folder, date_of(other)))[0]


class JournalDate(NamedTuple):
    """One day of several, by the city's clock: from midnight to midnight."""

    date: date
    from_at: Millis
    to_at: Millis
    days: int


def day_in(folder: Path, chosen: date | None) -> JournalDate | None:
    """Of a journal of several days the chosen one, or the one with the most visits; None where
    all its visits are within a day. Raises ValueError with the days there are."""
    visits, offset_ms = list[int](), 0
    with records_of(folder) as records:
        for record in records:
            if isinstance(record.command, RequestQuote):
                visits.append(record.at)
            for event in record.events:
                if isinstance(event, EngineOpened | SettingsChanged):
                    offset_ms = event.settings.utc_offset_min * MINUTE
    if chosen is None and (not visits or visits[-1] - visits[0] < DAY):
        return None
    numbers = Counter((at + offset_ms) // DAY for at in visits)
    dates = {EPOCH + timedelta(days=number): number for number in numbers}
    if chosen is not None and chosen not in dates:
        there = ", ".join(f"{key} ({numbers[n]} visits)" for key, n in dates.items())
        raise ValueError(f"{folder}: nobody came on {chosen}; there are {there or 'no visits'}")
    number = dates[chosen] if chosen else numbers.most_common(1)[0][0]
    from_at = Millis(number * DAY - offset_ms)
    picked = EPOCH + timedelta(days=number)
    return JournalDate(picked, from_at, Millis(from_at + DAY), len(numbers))


def observed(folder: Path, day: JournalDate | None) -> tuple[Observed, Settings]:
    """What a journal says of the people outside, and the settings at the end of that day."""
    observer, is_before = Observer(), day is not None
    with records_of(folder) as records:
        for record in records:
            if day is not None and record.at >= day.to_at:
                break
            if day is not None and is_before and record.at >= day.from_at:
                observer.begin(day.from_at)
                is_before = False
            observer.see(record)
    return observer.finished(), observer.state.settings.usual


def date_of(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text} is neither a folder nor a date such as 2025-03-07") from None


@contextmanager
def records_of(folder: Path) -> Iterator[Iterator[Record]]:
    """Raises CorruptJournalError at the record that is damaged."""
    with JournalReader(folder / JOURNAL_FILE) as journal:
        yield journal.read(1)


# rows


class RowsDay:
    """Orders, stores and couriers, a row each; days beside it are told in the same columns."""

    def __init__(
        self, scenario: Scenario, day: Recorded, source: dict[str, object], told: str = ""
    ) -> None:
        self._scenario, self._day, self._source = scenario, day, source
        self._columns = columns_of(day)
        self.told = told or ", ".join(day.rows)
        self.real = observed_rows(day, scenario)

    def fitted(self, name: str) -> Scenario:
        return fitted_to(self._day, self._scenario, name)

    def not_fitted(self) -> str:
        lacking = ", ".join(untold(self._day))
        return f"{lacking}, and who came and ordered nothing: as in {self._scenario.name}"

    def simulated(self, scenario: Scenario, seed: int) -> Observed:
        teller = Teller(scenario)
        simulate(scenario, seed, teller.see)
        return self._seen(teller, scenario)

    def held_out(self, other: str) -> Observed:
        folder = Path(other)
        if (folder / JOURNAL_FILE).exists():
            teller = Teller(self._scenario)
            with records_of(folder) as records:
                for record in records:
                    teller.see(record)
            return self._seen(teller, self._scenario)
        if any((folder / x).exists() for x in FILES):
            instance = read_instance(folder)
            return observed_rows(only(self._columns, recorded_of(instance)), self._scenario)
        beside = scenario_of(_elsewhere(self._source, folder))
        print_unread(Console(stderr=True), beside)
        assert beside.recorded is not None
        return observed_rows(only(self._columns, beside.recorded), beside)

    def _seen(self, teller: Teller, scenario: Scenario) -> Observed:
        return observed_rows(only(self._columns, teller.told()), scenario)


def _elsewhere(source: dict[str, object], folder: Path) -> dict[str, object]:
    """The same files in another folder."""
    files = source.get("csv")
    if not isinstance(files, dict):
        detail = f"{folder} is neither a journal nor a meal-delivery day"
        raise ScenarioError([Flaw("unreadable", "--held-out", detail)])
    moved = {
        key: {**x, "file": str(folder / Path(x["file"]).name)} if key in TABLES else x
        for key, x in files.items()
    }
    return {**source, "csv": moved}


def public_day(folder: Path, base: str) -> RowsDay:
    instance = read_instance(folder)
    scenario = scenario_of(document(find(base)))
    travel = replace(
        scenario.engine.travel,
        scooter_mm_s=round(instance.terms.meters_per_minute * 1_000 / 60),
        detour_permille=1_000,
    )
    scenario = replace(scenario, engine=replace(scenario.engine, travel=travel))
    return RowsDay(scenario, recorded_of(instance), {}, instance.name)
