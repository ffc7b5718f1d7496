"""The feed of a fleet: its own couriers, their routes and places, as the couriers are told.

Collected only while somebody looks. What goes to another fleet's courier is on no route of theirs
any more, and so it is gone from here, too.
"""

from collections.abc import Iterable

from engine import events as e
from engine.engine import Record
from engine.queries.for_operators import courier_status
from engine.queries.signals import signal_of
from engine.state import State
from engine.values import CourierId, DeliveryId, FleetId, Millis
from gateway import messages as m
from gateway.telling.city import Changes, positions_told
from gateway.telling.logs import Logs
from gateway.telling.silences import Silences
from gateway.views import route_told
from gateway.wire import time_text, time_told


class FleetsFeed:
    """`note` every record; `take` what is due of one fleet at each tick."""

    def __init__(self, s: State, logs: Logs, offers: dict[DeliveryId, Millis]) -> None:
        self._s = s
        self._logs = logs
        self._offers = offers
        self._silences = Silences()
        self._changes: dict[FleetId, Changes] = {}  # of those somebody looks at

    def whole(self, fleet: FleetId, now: Millis) -> m.FleetWhole:
        """From now on its changes are collected."""
        self._changes.setdefault(fleet, Changes())
        told = [self._courier(key, now) for key in self._s.couriers.of_fleet(fleet)]
        return m.FleetWhole(time_text(now), told)

    @property
    def looked_at(self) -> list[FleetId]:
        return list(self._changes)

    def forget(self, fleet: FleetId) -> None:
        """Nobody looks."""
        self._changes.pop(fleet, None)

    def note(self, record: Record, couriers: Iterable[CourierId]) -> None:
        """What a turn changed, and whom it touched; the state is as it left it."""
        if not self._changes:
            return
        for key in couriers:
            if (changes := self._of(key)) is not None:
                changes.couriers[key] = None
        ids = self._s.couriers.ids
        for event in record.events:
            if isinstance(event, e.PositionsReported):
                for number in event.batch.columns()[0].tolist():
                    if (changes := self._of(ids[number])) is not None:
                        changes.moved.add(number)

    def listen(self, now: Millis) -> None:
        """Who has fallen silent, or is heard of again: no record says so."""
        if self._changes:
            for key in self._silences.turned(self._s, now)[0]:
                if (changes := self._of(key)) is not None:
                    changes.couriers[key] = None

    def take(self, fleet: FleetId) -> Changes:
        """Since the last tick."""
        changes = self._changes.get(fleet, Changes())
        self._changes[fleet] = Changes()
        return changes

    def told(self, changes: Changes, now: Millis) -> m.FleetChanges:
        couriers = [self._courier(key, now) for key in changes.couriers]
        return m.FleetChanges(time_text(now), couriers, positions_told(self._s, changes))

    # internals

    def _of(self, courier: CourierId) -> Changes | None:
        known = self._s.couriers.get(courier)
        return None if known is None else self._changes.get(known.fleet)

    def _courier(self, key: CourierId, now: Millis) -> m.FleetCourier:
        s, courier = self._s, self._s.couriers[key]
        reached = self._logs.approaches.stop_reached(key)
        route = route_told(s, key, self._offers, now, reached)
        seen = s.positions.get(courier.number)
        return m.FleetCourier(
            key,
            courier.vehicle.value,
            courier.capacity,
            courier_status(s, key),  # type: ignore[arg-type]
            route.offers,
            route.stops,
            route.under_way,
            route.wait_near,
            seen.lat_deg if seen else None,
            seen.lon_deg if seen else None,
            signal_of(s, key, now),
            time_told(Millis(courier.ends_at if courier.on_shift else 0)),
            time_told(Millis(courier.break_until if courier.is_on_break(now) else 0)),
            [*courier.skills],
        )
