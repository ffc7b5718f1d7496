"""How one possible future went, counted at its end."""

from collections.abc import Callable
from statistics import fmean

from msgspec import Struct

from engine import events as e
from engine.engine import Record
from engine.rules.emissions import grams
from engine.state import State
from engine.state.orders import ENDED
from engine.values import MINUTE, Millis
from geo.travel import Vehicle
from solvers.crossing.flips import Flips


class Outcome(Struct, frozen=True):
    """Of orders placed before the fork or after it, as long as they were open after it."""

    policy: str
    seed: int
    digest: str  # of every record: the same future is the same to the byte
    records: int
    placed: int
    delivered: int
    on_time_pct: float  # of those delivered, and of those late and not delivered yet
    to_door_min: float  # from placing, mean
    late_min: float  # of those delivered late or not yet, mean
    overdue: int  # not delivered at the end, and past the promise
    open: int  # not delivered at the end
    cancelled: int
    lost: int  # visits that became no order
    km: float
    co2e_kg: float
    busy_pct: float  # of the couriers' time on shift
    pay_minor: int  # to couriers, for deliveries
    moved: int = 0  # orders that a plan gave to another courier
    offer_flips: int = 0  # taken back, but not by the courier
    eta_flips: int = 0  # arrivals told that jumped by five minutes


FIGURES: tuple[tuple[str, str, str], ...] = (  # field, what it is, which way is better
    ("on_time_pct", "delivered in time, %", "more"),
    ("to_door_min", "from order to door, min", "less"),
    ("late_min", "late by, min", "less"),
    ("overdue", "overdue at the end", "less"),
    ("delivered", "delivered", "more"),
    ("cancelled", "cancelled", "less"),
    ("lost", "visits lost", "less"),
    ("km", "ridden, km", "less"),
    ("co2e_kg", "CO2e, kg", "less"),
    ("busy_pct", "couriers busy, %", ""),
    ("moved", "orders moved by plans", "less"),
    ("offer_flips", "offers taken back", "less"),
    ("eta_flips", "arrivals that jumped", "less"),
)


class Watch:
    """Folds the records of a future; the state is as each has left it."""

    def __init__(self, state: State) -> None:
        self.state, self.flips = state, Flips(state)
        self.placed = self.cancelled = self.records = self.pay_minor = self.on_time = 0
        self.to_door_min: list[float] = []
        self.late_min: list[float] = []

    def see(self, record: Record) -> None:
        self.records += 1
        self.flips.see(record)
        for event in record.events:
            watcher = _WATCHERS.get(type(event))
            if watcher is not None:
                watcher(self, event)

    def _placed(self, _: e.OrderPlaced) -> None:
        self.placed += 1

    def _cancelled(self, _: e.OrderCancelled) -> None:
        self.cancelled += 1

    def _completed(self, x: e.DeliveryCompleted) -> None:
        order = self.state.orders[x.order]
        at = order.delivered_at or order.ended_at
        self.to_door_min.append((at - order.placed.placed_at) / MINUTE)
        late = (at - order.placed.promised_at) / MINUTE
        if late > 0:
            self.late_min.append(late)
        else:
            self.on_time += 1

    def _paid(self, x: e.LedgerPosted) -> None:
        self.pay_minor -= sum(
            p.amount_minor for p in x.postings if p.account.startswith("courier:")
        )

    def overdue_min(self, now: Millis) -> list[float]:
        """By how much each open order is past its promise."""
        open_ = (x for x in self.state.orders.orders.values() if x.status not in ENDED)
        late = ((now - x.placed.promised_at) / MINUTE for x in open_)
        return [x for x in late if x > 0]


_WATCHERS: dict[type[e.Event], Callable[..., None]] = {
    e.OrderPlaced: Watch._placed,
    e.OrderCancelled: Watch._cancelled,
    e.DeliveryCompleted: Watch._completed,
    e.LedgerPosted: Watch._paid,
}


class Ridden(Struct, frozen=True):
    """What the fleet did: kilometers by vehicle, and its time."""

    km: dict[Vehicle, float]
    busy_ms: int
    on_shift_ms: int


def outcome(
    policy: str, seed: int, digest: str, watch: Watch, now: Millis, lost: int, ridden: Ridden
) -> Outcome:
    overdue = watch.overdue_min(now)
    delivered, late = len(watch.to_door_min), [*watch.late_min, *overdue]
    judged = delivered + len(overdue)
    co2e_g = sum(grams(vehicle, round(km * 1_000)) for vehicle, km in ridden.km.items())
    return Outcome(
        policy=policy,
        seed=seed,
        digest=digest,
        records=watch.records,
        placed=watch.placed,
        delivered=delivered,
        on_time_pct=100.0 * watch.on_time / judged if judged else 100.0,
        to_door_min=fmean(watch.to_door_min) if delivered else 0.0,
        late_min=fmean(late) if late else 0.0,
        overdue=len(overdue),
        open=watch.state.orders.open_count,
        cancelled=watch.cancelled,
        lost=lost,
        km=sum(ridden.km.values()),
        co2e_kg=co2e_g / 1_000,
        busy_pct=100.0 * ridden.busy_ms / ridden.on_shift_ms if ridden.on_shift_ms else 0.0,
        pay_minor=watch.pay_minor,
        moved=watch.flips.moved,
        offer_flips=watch.flips.offers,
        eta_flips=watch.flips.etas,
    )
