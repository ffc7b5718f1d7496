"""Queries: what each audience may see of the present, on the engine alone."""

from engine import commands as c
from engine.engine import Engine
from engine.queries.for_couriers import work_of
from engine.queries.for_customers import track
from engine.queries.for_operators import courier_status
from engine.queries.statuses import delivery_status
from engine.settings import Settings
from engine.values import HOUR, MINUTE, Line, StopKind
from geo.points import Point
from geo.travel import Vehicle
from tests.cases import positions

STORE, DOOR = Point(390_000_000, 1_160_000_000), Point(390_100_000, 1_160_100_000)
HERE = Point(390_012_345, 1_160_056_789)


class Story:
    """One order, one courier; `tell` submits and insists on being obeyed."""

    def __init__(self):
        self.engine, self.at = Engine(), 0
        self.s = self.engine.state
        self.tell(
            c.OpenEngine(Settings()),
            c.RegisterStore("s", "Noodles", STORE, 10 * MINUTE),
            c.ListProduct("p", "Ramen", "food"),
            c.SetPrice("s", "p", 1_200),
            c.ReceiveStock("s", "p", 10),
            c.RegisterCustomer("ann"),
            c.RegisterCourier("kim", Vehicle.SCOOTER, 12),
            c.StartShift("kim", 10 * HOUR),
            c.RequestQuote("q", "shop", "ann", "s", [Line("p", 1)], DOOR),
            c.PlaceOrder("o", "shop", "q", "bank"),
        )
        total = self.s.orders["o"].due_minor
        self.tell(
            c.ReportAuthorization("bank", "o/1", True, total),
            c.AcceptOrder("s", "o", 10 * MINUTE),
            c.AssignDelivery("kim", "o/1", "by_hand"),
        )

    def tell(self, *commands):
        for command in commands:
            self.at += 100
            assert self.engine.step(self.at, command)[-1].rejection is None
        return self

    @property
    def status(self):
        return delivery_status(self.s, "o", self.s.orders["o"])

    def seen(self):
        return track(self.s, "o", self.engine.now)


def test_a_courier_sees_an_offer_and_no_stops_until_he_accepts():
    story = Story()
    work = work_of(story.s, "kim")
    assert ([x.key for x in work.offers], work.stops) == (["o/1"], [])
    assert story.status == "offered"
    assert courier_status(story.s, "kim") == "idle"
    work = work_of(story.tell(c.AcceptOffer("kim", "o/1")).s, "kim")
    assert work.offers == []
    assert [(x.stop.kind, x.place) for x in work.stops] == [
        (StopKind.PICKUP, STORE),
        (StopKind.DROPOFF, DOOR),
    ]
    assert work.under_way
    assert story.status == "enroute_to_pickup"
    assert courier_status(story.s, "kim") == "to_pickup"


def test_who_is_not_a_courier_has_nothing_to_do():
    assert work_of(Story().s, "nobody").offers == []


def test_a_customer_sees_the_courier_only_on_the_last_leg_and_only_roughly():
    story = Story().tell(c.AcceptOffer("kim", "o/1"))
    story.tell(positions((0, HERE, 0.5)))
    assert story.seen().courier is None
    story.tell(c.ReportPickup("kim", "o/1"))
    seen = story.seen()
    assert seen.delivery_status == "enroute_to_dropoff"
    assert seen.courier == Point(390_010_000, 1_160_060_000)
    story.tell(c.ReportDropoff("kim", "o/1"))
    assert story.seen().courier is None
    assert story.seen().delivery_status == "delivered"


def test_an_order_is_shown_for_an_hour_after_its_end():
    story = Story().tell(c.AcceptOffer("kim", "o/1"), c.ReportPickup("kim", "o/1"))
    story.tell(c.ReportDropoff("kim", "o/1"))
    ended = story.engine.now
    story.engine.step(ended + HOUR, c.Tick())
    assert story.seen() is not None
    story.engine.step(ended + HOUR + 1, c.Tick())
    assert story.seen() is None
    assert track(story.s, "nothing", story.engine.now) is None


def test_a_failed_delivery_is_on_its_way_back_to_the_store():
    story = Story().tell(c.AcceptOffer("kim", "o/1"), c.ReportPickup("kim", "o/1"))
    story.tell(c.ReportFailure("kim", "o/1", "customer_absent"))
    [stop] = work_of(story.s, "kim").stops
    assert (stop.stop.kind, stop.place) == (StopKind.RETURN, STORE)
    assert story.status == "returning"
    assert courier_status(story.s, "kim") == "delivering"
