"""Whatever was promised can be kept when it is agreed on: a quote that cannot is refused by name."""

from collections import Counter

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st

from engine import commands as c
from engine import events as e
from engine import snapshot
from engine.engine import Engine
from engine.rejections import RejectionReason as Reason
from engine.settings import Settings
from engine.state.orders import OrderStatus
from engine.values import HOUR, MINUTE, SECOND, Fulfillment, Line, Proof
from geo.travel import Vehicle
from tests import cases
from tests.cases import STORE_PLACE, city, paid, place, quote

QUOTES = 10_000


def all_at_once(case, names):
    """Everybody holds a quote before anybody orders."""
    for name in names:
        case.at(1, quote(f"q-{name}")).emits(e.QuoteOffered)
    answers = Counter()
    for name in names:
        case.at(2, place(name, f"q-{name}"))
        first = case.events[0]
        answers[getattr(first, "reason", "placed")] += 1
    return answers


def test_of_forty_who_hold_a_promise_of_one_courier_as_many_get_it_as_he_can_carry():
    case = city(100, ("kim",))
    answers = all_at_once(case, [f"o{n}" for n in range(40)])
    assert answers["placed"] == Settings().open_deliveries_per_courier
    assert sum(answers.values()) == 40
    assert set(answers) == {"placed", Reason.NO_CAPACITY_NOW}
    assert case.available() == 100 - answers["placed"]


def test_what_others_ordered_first_makes_a_promise_stale_and_a_new_quote_says_what_holds():
    slow = Settings(open_deliveries_per_courier=50, promise_buffer_ms=0)
    case = city(100, ("kim",), settings=slow)
    answers = all_at_once(case, [f"o{n}" for n in range(30)])
    assert set(answers) == {"placed", Reason.PROMISE_STALE}
    told = case.events[0].detail
    assert told["now_s"] > told["promised_s"] > 0
    case.at(2, quote("again")).emits(e.QuoteOffered)
    assert case.events[0].promised_ms == told["now_s"] * SECOND
    case.at(2, place("again", "again")).includes(e.OrderPlaced)


def test_the_buffer_of_a_promise_is_spent_once_and_not_twice():
    """With five minutes to spare, as many get it as it takes to use those up."""
    spare = Settings(open_deliveries_per_courier=50, promise_buffer_ms=5 * MINUTE)
    case = city(100, ("kim",), settings=spare)
    ahead = all_at_once(case, [f"o{n}" for n in range(30)])["placed"]
    told = case.events[0].detail
    assert ahead > 1
    assert told["now_s"] - told["promised_s"] in (5 * 60 + 60, 5 * 60 + 120)


def test_a_promise_is_not_kept_by_somebody_who_went_home():
    case = city(9, ("kim",)).at(1, quote("q")).at(2, c.EndShift("kim"))
    case.at(3, place("o", "q")).rejects(Reason.NO_CAPACITY_NOW, retry_after_s=60)
    case.at(4, c.StartShift("kim", 10 * HOUR)).at(5, place("o", "q")).includes(e.OrderPlaced)


def test_what_only_the_car_could_carry_waits_for_the_car():
    case = city(9, ("kim",), capacity=4)
    case.at(1, c.RegisterCourier("lee", "car", 9)).at(1, c.StartShift("lee", 10 * HOUR))
    case.at(2, quote("q", Line("ramen", 6))).at(3, c.EndShift("lee"))
    case.at(4, place("o", "q")).rejects(Reason.NO_CAPACITY_NOW, retry_after_s=60)


def test_what_is_collected_or_wanted_tomorrow_needs_no_courier_now():
    case = city(9, ("kim",))
    case.at(1, quote("q", fulfillment=Fulfillment.COLLECTION))
    case.at(1, quote("w", window_from_at=5 * HOUR, window_to_at=6 * HOUR))
    case.at(2, c.EndShift("kim"))
    case.at(3, place("a", "q", Proof.PIN, "123456")).includes(e.OrderPlaced)
    case.at(3, place("b", "w")).includes(e.OrderPlaced)
    assert case.state.orders.undispatched == 0


def test_an_order_is_counted_from_the_moment_it_is_placed():
    """Not only once the store has accepted it: that may be minutes later."""
    case = cases.placed(city(100, ("kim",)))
    assert (case.state.orders.undispatched, case.state.orders.unpaid) == (1, {"store": 1})
    case.at(case.now_s, paid("o"))
    assert (case.state.orders.undispatched, case.state.orders.unpaid) == (1, {})
    case.at(case.now_s, c.AcceptOrder("store", "o", case.engine.now + 10 * MINUTE))
    assert (case.state.orders.undispatched, len(case.state.deliveries.open)) == (0, 1)
    thawed = snapshot.load(snapshot.dump(case.engine)).state.orders
    assert (thawed.undispatched, thawed.unpaid) == (0, {})


def feasible_ms(state, placed, at):
    """What it takes from now, said once more, from first principles and the state before."""
    settings, store = state.settings.current, state.stores[placed.store]
    working = [x for x in state.couriers.couriers.values() if x.on_shift]
    waiting = [x for x in state.deliveries.deliveries.values() if x.status not in OVER]
    told = (OrderStatus.PLACED, OrderStatus.CONFIRMED)
    not_yet = [x for x in state.orders.orders.values() if x.status in told]
    ride = settings.travel.travel_ms(
        store.location, placed.dropoff, settings.travel.speed_mm_s(Vehicle.SCOOTER)
    )
    queue = ride * (len(waiting) + len(not_yet)) // (2 * len(working))
    preparation = store.preparation_ms + 2 * store.spread_ms
    return max(preparation, queue) + 2 * settings.handling_ms + ride


OVER = ("delivered", "returned", "cancelled")
steps = st.lists(
    st.tuples(
        st.sampled_from(["quote", "place", "pay", "accept", "leave", "come", "wait"]),
        st.integers(0, 30),
    ),
    min_size=20,
    max_size=120,
)


@limits(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps, st.integers(1, 4))
def test_every_promise_is_feasible_at_the_moment_it_is_accepted(steps, fleet):
    names = tuple(f"c{n}" for n in range(fleet))
    engine, clock = busy_city(names), 10 * SECOND
    for n, (what, k) in enumerate(steps):
        orders = engine.state.orders.orders
        some = next((x for x in [*orders][k:] or orders), "none")
        clock += 40 * SECOND if what == "wait" else 10
        command = {
            "quote": quote(f"q{n}"),
            "place": place(f"o{n}", next(iter([*engine.state.quotes.quotes][-1 - k :]), "none")),
            "pay": paid(some),
            "accept": c.AcceptOrder("store", some, clock + 10 * MINUTE),
            "leave": c.EndShift(names[k % fleet]),
            "come": c.StartShift(names[k % fleet], 10 * HOUR),
            "wait": c.Tick(),
        }[what]
        engine.step(clock, c.Tick())  # what is due is not what is decided
        before = snapshot.load(snapshot.dump(engine)).state
        for record in engine.step(clock, command):
            for event in record.events:
                if isinstance(event, e.OrderPlaced):
                    takes_ms = feasible_ms(before, event, clock)
                    assert takes_ms <= event.promised_at - clock, (n, takes_ms)


def busy_city(names):
    engine = Engine()
    engine.step(0, c.OpenEngine(Settings()))
    for command in (
        c.RegisterStore("store", "Noodles", STORE_PLACE, 10 * MINUTE),
        c.ListProduct("ramen", "Ramen", "food"),
        c.SetPrice("store", "ramen", 1_200),
        c.RegisterCustomer("ann"),
        c.ReceiveStock("store", "ramen", 10_000),
        *(c.RegisterCourier(x, Vehicle.SCOOTER, 12) for x in names),
        *(c.StartShift(x, 10 * HOUR) for x in names),
    ):
        engine.step(0, command)
    return engine


@pytest.mark.parametrize("stock", [1, 7])
def test_ten_thousand_quotes_never_sell_more_than_there_is(stock):
    """A quote holds nothing, so that nobody can empty a shelf by asking; who orders first has it."""
    engine = busy_city(tuple(f"c{n}" for n in range(40)))
    engine.step(0, c.CountStock("store", "ramen", stock))
    for n in range(QUOTES):
        engine.step(1 + n // 100, quote(f"q{n}"))
    placed = 0
    for n in range(QUOTES):
        for record in engine.step(100, place(f"o{n}", f"q{n}")):
            placed += any(isinstance(x, e.OrderPlaced) for x in record.events)
    assert placed == stock
    assert engine.state.inventory.available("store", "ramen") == 0
