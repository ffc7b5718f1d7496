"""Facts about the engine itself: settings, timers, planning rounds."""

from engine.commands import AnyCommand
from engine.events.event import Event
from engine.settings import Settings
from engine.values import Millis, PlanningRoundId
from geo.space import StreetSpace


class EngineOpened(Event, frozen=True):
    settings: Settings


class SettingsChanged(Event, frozen=True):
    """`asked_by`: whoever asked first, where it took two."""

    settings: Settings
    by: str = ""
    why: str = ""
    asked_by: str = ""


class SettingsProposed(Event, frozen=True):
    """They let one person do more alone: they hold once a second one asks for the same."""

    settings: Settings
    by: str
    why: str


class StreetsSet(Event, frozen=True):
    """None: travel times follow straight lines."""

    streets: StreetSpace | None = None


class TimerSet(Event, frozen=True):
    """The engine will submit this command to itself at that time."""

    at: Millis
    command: AnyCommand


class TimerFired(Event, frozen=True):
    """The earliest timer is due."""


class PlanningRequested(Event, frozen=True):
    """Something changed that a plan should know; the next round is due at `at`."""

    at: Millis


class PlanningRoundOpened(Event, frozen=True):
    planning_round: PlanningRoundId
    at: Millis


class PlanningRoundClosed(Event, frozen=True):
    planning_round: PlanningRoundId
