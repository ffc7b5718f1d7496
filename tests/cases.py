"""A case: who asked for what, when, and which events it gave. Reads aloud.

Every case ends each step by asking the audit, and by comparing with a shadow that only applies.
"""

from __future__ import annotations

from engine import commands as c
from engine import events as e
from engine import snapshot
from engine.audit import violations
from engine.columns import PositionBatch
from engine.engine import Engine, Record
from engine.rejections import RejectionReason
from engine.settings import Settings
from engine.values import HOUR, MINUTE, SECOND, Actor, Line, Proof, Stop, StopKind
from geo.points import Point
from geo.travel import Vehicle

STORE_PLACE = Point(390_000_000, 1_160_000_000)
HOME = Point(390_100_000, 1_160_100_000)  # about 1.4 km away
ROAD = Point(390_050_000, 1_160_050_000)  # between the two
GOODS, FEE = 1_200, 500
TOTAL = GOODS + FEE
SHIFT_END = 10 * HOUR
FOR_WEEKS = Settings(shift_max_ms=10**9)  # as no courier may work
EventLike = e.AnyEvent | type[e.AnyEvent]
UNSAID = (
    e.ArchivingPlanned,
    e.OrdersArchived,
    e.PaymentsArchived,
    e.DeliveriesArchived,
    e.StoreAsked,
    e.TimerSet,
    e.TimerFired,
    e.CustomerPurchased,
    e.CustomerRefunded,
    e.CustomerSegmented,
    e.ReviewPlanned,
    e.PromiseMeasured,
    e.RideMeasured,
)


class Case:
    def __init__(self, settings: Settings | None = None) -> None:
        self.engine, self.shadow = Engine(), Engine()
        self.records: list[Record] = []
        self.everything: list[e.AnyEvent] = []
        self.events: list[e.AnyEvent] = []
        self.at(0, c.OpenEngine(settings or Settings()))

    @property
    def state(self):
        return self.engine.state

    def at(self, second: float, command: c.AnyCommand) -> Case:
        """Submit it at that second; forget the events before.

        Timers go without saying, and so does what a customer becomes by buying, and what is put
        away when it is long over.
        """
        records = self.engine.step(int(second * SECOND), command)
        for record in records:
            self.shadow.apply(record)
        assert not violations(self.state), (violations(self.state), records)
        assert snapshot.dump(self.shadow) == snapshot.dump(self.engine)
        self.records += records
        self.everything = [x for r in records for x in r.events]
        self.events = [x for x in self.everything if not isinstance(x, UNSAID)]
        return self

    def emits(self, *events: EventLike) -> Case:
        """Exactly these, in this order. A type stands for any event of that type."""
        assert len(self.events) == len(events), self.events
        for got, expected in zip(self.events, events, strict=True):
            matches = type(got) is expected if isinstance(expected, type) else got == expected
            assert matches, (got, expected)
        return self

    def includes(self, *events: EventLike) -> Case:
        """These among others."""
        for expected in events:
            events = self.everything
            kinds = [type(x) for x in events]
            assert expected in (kinds if isinstance(expected, type) else events), events
        return self

    def rejects(self, reason: RejectionReason, **detail: object) -> Case:
        return self.emits(e.CommandRejected(reason, detail))

    def plan(self, second: float, routes: dict[str, list[Stop]], release: tuple = ()) -> Case:
        """A solver answers the open round with these routes, made for what it sees now."""
        assert self.state.planning_rounds.open is not None, "no planning round is open"
        version = {x: self.state.deliveries.route(x).version for x in routes}
        lines = [
            c.RouteLine(
                x, version[x], stops, [d for d in release if any(d == s.delivery for s in stops)]
            )
            for x, stops in routes.items()
        ]
        return self.at(second, c.AdoptPlan(self.state.planning_rounds.open, lines))

    def until_planning(self, within_s: int = 60) -> Case:
        """Let time pass until a planning round is open."""
        for _ in range(within_s):
            if self.state.planning_rounds.open is not None:
                return self
            self.at(self.engine.now / SECOND + 1, c.Tick())
        raise AssertionError("no planning round was opened")

    @property
    def now_s(self) -> float:
        return self.engine.now / SECOND

    def delivery(self, order: str = "o"):
        return self.state.deliveries[f"{order}/1"]

    def available(self, product: str = "ramen") -> int:
        return self.state.inventory.available("store", product)


def city(
    stock: int = 1,
    couriers: tuple[str, ...] = ("kim",),
    capacity: int = 12,
    settings: Settings | None = None,
) -> Case:
    """A store that sells ramen, a customer called ann, and couriers at work."""
    case = (
        Case(settings)
        .at(0, c.RegisterStore("store", "Noodles", STORE_PLACE, 10 * MINUTE))
        .at(0, c.ListProduct("ramen", "Ramen", "food"))
        .at(0, c.SetPrice("store", "ramen", GOODS))
        .at(0, c.RegisterCustomer("ann"))
    )
    if stock:
        case.at(0, c.ReceiveStock("store", "ramen", stock))
    for courier in couriers:
        case.at(0, c.RegisterCourier(courier, Vehicle.SCOOTER, capacity))
        case.at(0, c.StartShift(courier, SHIFT_END))
    return case


def quote(name: str = "q", *lines: Line, store: str = "store", **more) -> c.RequestQuote:
    """`more` as in the command: how it gets there, and when."""
    wanted = list(lines) or [Line("ramen", 1)]
    return c.RequestQuote(name, "app", "ann", store, wanted, HOME, **more)


def place(
    order: str = "o", name: str = "q", proof: Proof = Proof.NONE, pin: str = ""
) -> c.PlaceOrder:
    return c.PlaceOrder(order, "app", name, "bank", proof, pin)


def paid(
    order: str = "o", amount: int = TOTAL, *, authorized: bool = True
) -> c.ReportAuthorization:
    return c.ReportAuthorization("bank", f"{order}/1", authorized, amount, "ref")


def settled(instruction: str, *, succeeded: bool = True) -> c.ReportInstruction:
    return c.ReportInstruction("bank", instruction, succeeded, "ref")


def cancel(actor: Actor, reason: str, order: str = "o") -> c.CancelOrder:
    return c.CancelOrder(order, actor, reason)


def there(order: str = "o") -> list[Stop]:
    """Pick it up, hand it over."""
    return [Stop(StopKind.PICKUP, f"{order}/1"), Stop(StopKind.DROPOFF, f"{order}/1")]


def back(order: str = "o") -> list[Stop]:
    """Pick it up where it is stranded, bring it back to the store."""
    return [Stop(StopKind.PICKUP, f"{order}/1"), Stop(StopKind.RETURN, f"{order}/1")]


# How far one order has come. Each of these continues the one before.


def placed(
    case: Case | None = None,
    order: str = "o",
    pieces: int = 1,
    proof: Proof = Proof.NONE,
    pin: str = "",
) -> Case:
    case, name = case or city(pieces), f"q-{order}"
    case.at(case.now_s + 1, quote(name, Line("ramen", pieces))).includes(e.QuoteOffered)
    return case.at(case.now_s + 1, place(order, name, proof, pin)).includes(e.OrderPlaced)


def confirmed(case: Case | None = None, order: str = "o", **more) -> Case:
    case = placed(case, order, **more)
    return case.at(case.now_s + 1, paid(order, case.state.orders[order].due_minor))


def accepted(case: Case | None = None, order: str = "o", **more) -> Case:
    case = confirmed(case, order, **more)
    ready_at = case.engine.now + 10 * MINUTE
    return case.at(case.now_s + 1, c.AcceptOrder("store", order, ready_at))


def planned(case: Case | None = None, order: str = "o", courier: str = "kim", **more) -> Case:
    """On a route, and the courier does not know yet."""
    case = accepted(case, order, **more).until_planning()
    stops = [*case.state.deliveries.route(courier).stops, *there(order)]
    return case.plan(case.now_s + 1, {courier: stops})


def offered(case: Case | None = None, order: str = "o", courier: str = "kim", **more) -> Case:
    case = accepted(case, order, **more).until_planning()
    stops = [*case.state.deliveries.route(courier).stops, *there(order)]
    return case.plan(case.now_s + 1, {courier: stops}, (f"{order}/1",)).includes(e.DeliveryOffered)


def assigned(case: Case | None = None, order: str = "o", courier: str = "kim", **more) -> Case:
    case = offered(case, order, courier, **more)
    return case.at(case.now_s + 1, c.AcceptOffer(courier, f"{order}/1"))


def on_board(case: Case | None = None, order: str = "o", courier: str = "kim", **more) -> Case:
    case = assigned(case, order, courier, **more)
    return case.at(case.now_s + 1, c.ReportPickup(courier, f"{order}/1"))


def returning(case: Case | None = None, order: str = "o", courier: str = "kim", **more) -> Case:
    case = on_board(case, order, courier, **more)
    failure = c.ReportFailure(courier, f"{order}/1", "customer_absent")
    return case.at(case.now_s + 1, failure)


def delivered(case: Case | None = None, order: str = "o", courier: str = "kim", **more) -> Case:
    case = on_board(case, order, courier, **more)
    return case.at(case.now_s + 1, c.ReportDropoff(courier, f"{order}/1"))


def positions(*rows: tuple[int, Point, float]) -> c.ReportPositions:
    """(courier number, point, second it was measured)"""
    numbers, points, seconds = zip(*rows, strict=True) if rows else ((), (), ())
    return c.ReportPositions(
        PositionBatch.pack(
            numbers,
            [p.lat_e7 for p in points],
            [p.lon_e7 for p in points],
            [int(s * SECOND) for s in seconds],
        )
    )
