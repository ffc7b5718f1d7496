"""The settings in force."""

from msgspec import Struct, field

from engine.events import EngineOpened, SettingsChanged
from engine.settings import Settings


class CurrentSettings(Struct):
    """Invariant: the engine is opened once."""

    current: Settings = field(default_factory=Settings)
    is_open: bool = False

    # events

    def engine_opened(self, e: EngineOpened) -> None:
        assert not self.is_open
        self.current, self.is_open = e.settings, True

    def settings_changed(self, e: SettingsChanged) -> None:
        self.current = e.settings
