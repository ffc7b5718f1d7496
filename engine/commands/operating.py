"""Running the engine itself."""

from engine.commands.command import Command
from engine.settings import Settings
from geo.space import StreetSpace


class Tick(Command, frozen=True):
    """Nothing is asked for; time has passed."""


class OpenEngine(Command, frozen=True):
    """The first command in every journal: the settings this engine runs with."""

    settings: Settings


class ChangeSettings(Command, frozen=True):
    """An operator turns a knob; it holds from here on. Streets stay as they are.

    What lets one person do more alone waits until a second one, by another name, asks for the
    same. `by` is the operator who asks; nobody for the engine's own people, who need no second.
    """

    settings: Settings
    by: str = ""
    why: str = ""


class SetStreets(Command, frozen=True):
    """Travel times follow a city's streets from here on; or, with none, straight lines again."""

    streets: StreetSpace | None = None
