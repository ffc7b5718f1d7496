"""Operating: starting the engine, turning its knobs, and letting time pass."""

import re
from dataclasses import dataclass

from engine.commands import ChangeSettings, OpenEngine, SetStreets, Tick
from engine.events import EngineOpened, SettingsChanged, SettingsProposed, StreetsSet
from engine.rejections import RejectionReason as Reason
from engine.settings import Settings
from engine.state.settings import CurrentSettings
from engine.turn import Turn
from geo.travel import PERMILLE

SETTING_MAX = 10**9  # milliseconds, meters or minor units; more than any of them can mean
NEVER_ZERO = (
    "planning_interval_ms",
    "planning_heartbeat_ms",
    "planning_timeout_ms",
    "slot_ms",
    "shift_max_ms",
)
KEPT_MIN_PERMILLE = 500  # of promises
OFFSET = "utc_offset_min"
OFFSET_MAX_MIN = 14 * 60  # the farthest local time from UTC
FOR_TWO = ("refund_alone_max_minor",)  # to raise these lets one person do more alone
CURRENCY = re.compile("[A-Z]{3}")  # ISO 4217


@dataclass(eq=False, slots=True)
class Operating:
    settings: CurrentSettings

    # commands

    def open_engine(self, turn: Turn, c: OpenEngine) -> None:
        if field := _malformed(c.settings):
            turn.reject(Reason.MALFORMED, field=field)
        streets = c.settings.travel.streets
        if streets is not None and streets.fault():
            turn.reject(Reason.MALFORMED, field="streets")
        if self.settings.is_open:
            turn.reject(Reason.ALREADY_EXISTS)
        turn.emit(EngineOpened(c.settings))

    def change_settings(self, turn: Turn, c: ChangeSettings) -> None:
        if field := _malformed(c.settings):
            turn.reject(Reason.MALFORMED, field=field)
        if c.settings.travel.streets is not None:
            turn.reject(Reason.MALFORMED, field="streets")  # are set on their own
        if c.settings.currency != self.settings.current.currency:
            turn.reject(Reason.MALFORMED, field="currency")
        if not c.by or not _lets_more(c.settings, self.settings.current):
            turn.emit(SettingsChanged(c.settings, c.by, c.why))
            return
        before = self.settings.proposed
        if before is None or before.settings != c.settings:
            turn.emit(SettingsProposed(c.settings, c.by, c.why))
            return
        if before.by == c.by:
            turn.reject(Reason.SECOND_PERSON_NEEDED)
        turn.emit(SettingsChanged(c.settings, c.by, c.why, before.by))

    def set_streets(self, turn: Turn, c: SetStreets) -> None:
        if c.streets is not None and (fault := c.streets.fault()):
            turn.reject(Reason.MALFORMED, field="streets", fault=fault)
        turn.emit(StreetsSet(c.streets))

    def tick(self, _: Turn, __: Tick) -> None:
        """Time has passed; the timers it let fire were turns of their own."""


def _lets_more(settings: Settings, current: Settings) -> bool:
    return any(getattr(settings, x) > getattr(current, x) for x in FOR_TWO)


def _malformed(settings: Settings) -> str:
    """The first setting no engine can run with, or nothing."""
    for name in NEVER_ZERO:
        if getattr(settings, name) < 1:
            return name
    for name in settings.__struct_fields__:
        value = getattr(settings, name)
        least, most = (0, SETTING_MAX) if name != OFFSET else (-OFFSET_MAX_MIN, OFFSET_MAX_MIN)
        if isinstance(value, int) and not least <= value <= most:
            return name
    if settings.no_show_fee_permille > 1_000:
        return "no_show_fee_permille"
    kept = settings.promise_kept_permille  # nobody can promise never to break a promise, and one
    if kept and not KEPT_MIN_PERMILLE <= kept < PERMILLE:  # that is mostly broken is none
        return "promise_kept_permille"
    if settings.travel.index_permille != PERMILLE:
        return "index_permille"  # is measured
    if settings.promise_min_ms > settings.promise_max_ms:
        return "promise_min_ms"
    return "" if CURRENCY.fullmatch(settings.currency) else "currency"
