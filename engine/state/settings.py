"""The settings in force."""

from msgspec import Struct, field
from msgspec.structs import replace

from engine.events import (
    EngineOpened,
    RideMeasured,
    SettingsChanged,
    SettingsProposed,
    StreetsSet,
)
from engine.settings import Settings
from geo.travel import PERMILLE, TravelModel

USUAL_PPM = 1_000_000


class Proposed(Struct, array_like=True):
    """What somebody asked for, and a second person has not yet."""

    settings: Settings
    by: str
    why: str


class CurrentSettings(Struct):
    """Invariants: the engine is opened once; what took two was asked for by two; `current.travel`
    has the streets, which are set on their own, and the travel time index, which is measured."""

    current: Settings = field(default_factory=Settings)
    is_open: bool = False
    index_ppm: int = USUAL_PPM  # measured; `current.travel` follows it in steps
    proposed: Proposed | None = None

    # queries

    @property
    def usual(self) -> Settings:
        """As on a day on which rides take what they take as a rule."""
        return replace(self.current, travel=_usual(self.current.travel))

    # events

    def engine_opened(self, e: EngineOpened) -> None:
        assert not self.is_open
        self.current, self.is_open = e.settings, True

    def settings_changed(self, e: SettingsChanged) -> None:
        """Who sets other speeds says what rides take now: what was measured is about the old."""
        if e.asked_by:
            assert self.proposed is not None
            assert (self.proposed.by, self.proposed.settings) == (e.asked_by, e.settings)
            assert e.asked_by != e.by
        self.proposed = None
        before = self.current.travel
        travel = replace(e.settings.travel, streets=before.streets)
        self.current = replace(e.settings, travel=travel)
        if e.settings.measures_rides and travel == _usual(before):
            self._follow(before.index_permille)
        else:
            self.index_ppm = USUAL_PPM

    def settings_proposed(self, e: SettingsProposed) -> None:
        """Whoever asks for something else takes the place of who asked before."""
        self.proposed = Proposed(e.settings, e.by, e.why)

    def streets_set(self, e: StreetsSet) -> None:
        travel = replace(_usual(self.current.travel), streets=e.streets)
        self.current, self.index_ppm = replace(self.current, travel=travel), USUAL_PPM

    def ride_measured(self, e: RideMeasured) -> None:
        self.index_ppm = e.index_ppm
        if e.index_permille != self.current.travel.index_permille:
            self._follow(e.index_permille)

    # internals

    def _follow(self, index_permille: int) -> None:
        travel = replace(self.current.travel, index_permille=index_permille)
        self.current = replace(self.current, travel=travel)


def _usual(travel: TravelModel) -> TravelModel:
    return replace(travel, index_permille=PERMILLE)
