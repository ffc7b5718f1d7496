"""The operators' feed of the city: what changed since the last look, and what else is known."""

from engine.engine import Record
from engine.projections import Projections
from engine.state import State
from engine.values import CourierId, Millis, OrderId
from gateway import messages as m
from gateway.telling.city import (
    NOTHING,
    Changes,
    Devices,
    Doors,
    Figures,
    Seen,
    city_changes,
    city_kpis,
    city_whole,
)
from gateway.telling.logs import Logs
from gateway.telling.silences import Silences

KPI_TICKS = 4  # looks at the city between two at its figures


class CityFeed:
    """`note` every record while somebody looks; `take` what is due at each tick."""

    def __init__(self, s: State, logs: Logs, projections: Projections, figures: Figures) -> None:
        self.devices: Devices | None = None  # how couriers' phones are doing, if anybody knows
        self._s = s
        self._logs = logs
        self._projections = projections
        self._figures = figures
        self._changes = Changes()
        self._doors, self._silences = Doors(), Silences()
        self._ticks = 0

    def note(
        self, record: Record, couriers: dict[CourierId, None], orders: dict[OrderId, None]
    ) -> None:
        """What a turn changed, and whom it touched; the state is as it left it."""
        self._changes.note(record, couriers, orders, self._s)
        self._changes.orders |= self._logs.approaches.delayed

    def forget(self) -> None:
        """Nobody looks: who comes will be shown the whole."""
        self._changes = Changes()

    def take(self, now: Millis) -> tuple[Changes, m.Kpis | None]:
        """Since the last tick, and what time alone has changed; figures now and then."""
        changes, self._changes = self._changes, Changes()
        self._ticks += 1
        changes.stores |= self._doors.turned(self._s, now)
        couriers, orders = self._silences.turned(self._s, now)
        changes.couriers |= couriers
        changes.orders |= orders
        if self.devices is not None:
            changes.couriers |= {CourierId(x): None for x in self.devices.take_changed()}
        return changes, self._kpis() if self._ticks % KPI_TICKS == 0 else None

    def whole(self, now: Millis) -> m.CityWhole:
        return city_whole(self._s, now, self._logs.work, self._kpis(), self._seen())

    def told(self, changes: Changes, kpis: m.Kpis | None, now: Millis) -> m.CityChanges:
        return city_changes(self._s, now, self._logs.work, changes, kpis, self._seen())

    # internals

    def _kpis(self) -> m.Kpis:
        at_risk = self._silences.at_risk(self._s, self._logs.approaches.late)
        return city_kpis(self._s, self._logs.work, self._projections, self._figures(), at_risk)

    def _seen(self) -> Seen:
        devices = NOTHING.devices if self.devices is None else self.devices.get
        return Seen(devices, self._logs.approaches.late, self._logs.doubts.of)
