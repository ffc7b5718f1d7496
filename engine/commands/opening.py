"""When a store takes orders, and how long it needs for them just now."""

from engine.commands.command import Command
from engine.terms import Hours, SpecialDay
from engine.values import Millis, StoreId
from geo.zones import Polygon


class SetStoreHours(Command, frozen=True):
    """All of them at once. No weekly hours: always, but for the special days."""

    store: StoreId
    weekly: list[Hours]
    days: list[SpecialDay] = []


class PauseStore(Command, frozen=True):
    """No new orders until then; what was accepted is still prepared. It opens by itself."""

    store: StoreId
    until: Millis
    reason: str


class SetBusyMode(Command, frozen=True):
    """Everything takes so many thousandths of the usual time; 1000 ends it."""

    store: StoreId
    preparation_permille: int
    until: Millis = Millis(0)  # 0: until somebody says otherwise


class ExpirePause(Command, frozen=True):
    """The pause that was to last until then is over."""

    store: StoreId
    until: Millis


class ExpireBusyMode(Command, frozen=True):
    """The rush that was to last until then is over."""

    store: StoreId
    until: Millis


class SetDeliveryArea(Command, frozen=True):
    """An area of its own; none: the radius."""

    store: StoreId
    area: Polygon | None = None
