"""The settings in force."""

from msgspec import Struct, field
from msgspec.structs import replace

from engine.events import EngineOpened, SettingsChanged, StreetsSet
from engine.settings import Settings
from geo.space import StreetSpace


class CurrentSettings(Struct):
    """Invariant: the engine is opened once. `current.travel` has the streets, set on their own."""

    current: Settings = field(default_factory=Settings)
    is_open: bool = False

    # events

    def engine_opened(self, e: EngineOpened) -> None:
        assert not self.is_open
        self.current, self.is_open = e.settings, True

    def settings_changed(self, e: SettingsChanged) -> None:
        streets = self.current.travel.streets
        self.current = e.settings
        self._follow(streets)

    def streets_set(self, e: StreetsSet) -> None:
        self._follow(e.streets)

    # internals

    def _follow(self, streets: StreetSpace | None) -> None:
        travel = replace(self.current.travel, streets=streets)
        self.current = replace(self.current, travel=travel)
