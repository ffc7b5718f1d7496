"""When a store takes orders: hours in the week, days of their own, pauses, and a rush."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from engine import commands as c
from engine import events as e
from engine.rejections import RejectionReason as Reason
from engine.rules.opening import closure, next_opening, takes_orders
from engine.state.stores import Store
from engine.terms import Hours, SpecialDay
from engine.values import DAY, HOUR, MINUTE, SECOND
from gateway import messages as m
from gateway.client import RequestRefusedError
from tests import cases
from tests.cases import STORE_PLACE, city, place, quote
from tests.serving import DOOR, live, serving, small_city

DAY_MIN, WEEK_MIN = 24 * 60, 7 * 24 * 60
MONDAY = 4 * DAY // SECOND  # the epoch was a Thursday
NINE_TO_FIVE = [Hours(day * DAY_MIN + 540, day * DAY_MIN + 1_020) for day in range(5)]
EVENING = [Hours(1_080, DAY_MIN + 120)]  # Monday, 18:00 to 2:00


def hours(weekly=NINE_TO_FIVE, days=()) -> c.SetStoreHours:
    return c.SetStoreHours("store", weekly, list(days))


def at(day: int, hour: float) -> float:
    """Seconds: of a day of the first whole week, 0 is Monday, in UTC."""
    return MONDAY + day * DAY / SECOND + hour * 3_600


def working(case):
    """Couriers for as long as the test goes on."""
    for courier in case.state.couriers.ids:
        case.at(case.now_s, c.EndShift(courier))
        case.at(case.now_s, c.StartShift(courier, case.engine.now + 10**9))
    return case


# hours


def test_a_store_is_open_within_its_hours_and_says_when_it_opens_again():
    case = (
        working(city(9, settings=cases.FOR_WEEKS))
        .at(1, hours())
        .emits(e.StoreHoursSet("store", NINE_TO_FIVE, []))
    )
    case.at(at(0, 8.99), quote("early"))
    case.rejects(Reason.STORE_CLOSED, opens_at=int(at(0, 9) * SECOND))
    case.at(at(0, 9), quote("first")).emits(e.QuoteOffered)
    case.at(at(0, 16.99), quote("last")).emits(e.QuoteOffered)
    case.at(at(0, 17), place("o", "last"))
    case.rejects(Reason.STORE_CLOSED, opens_at=int(at(1, 9) * SECOND))
    case.at(at(4, 18), quote("friday"))
    case.rejects(Reason.STORE_CLOSED, opens_at=int(at(7, 9) * SECOND))


def test_a_day_of_its_own_overrules_the_week():
    monday = MONDAY * SECOND // DAY
    days = [SpecialDay(monday, []), SpecialDay(monday + 5, [Hours(600, 720)])]
    case = working(city(9, settings=cases.FOR_WEEKS)).at(1, hours(days=days))
    case.at(at(0, 10), quote("holiday"))
    case.rejects(Reason.STORE_CLOSED, opens_at=int(at(1, 9) * SECOND))
    case.at(at(5, 10), quote("saturday")).emits(e.QuoteOffered)
    case.at(at(5, 12), quote("noon"))
    case.rejects(Reason.STORE_CLOSED, opens_at=int(at(7, 9) * SECOND))


def test_hours_are_in_local_time_and_may_last_past_midnight():
    case = working(city(9, settings=replace(cases.FOR_WEEKS, utc_offset_min=8 * 60))).at(
        1, hours(EVENING)
    )
    case.at(at(0, 9.9), quote("q1"))
    case.rejects(Reason.STORE_CLOSED, opens_at=int(at(0, 10) * SECOND))  # 18:00 over there
    case.at(at(0, 10), quote("q2")).emits(e.QuoteOffered)
    case.at(at(0, 17.99), quote("q3")).emits(e.QuoteOffered)
    case.at(at(0, 18), quote("q4"))
    case.rejects(Reason.STORE_CLOSED, opens_at=int(at(7, 10) * SECOND))


def test_what_is_wanted_later_counts_by_the_hours_of_then():
    case = working(city(9, settings=cases.FOR_WEEKS)).at(1, hours()).at(at(0, 8), c.Tick())
    start, end = int(at(0, 12) * SECOND), int(at(0, 13) * SECOND)
    lines = [cases.Line("ramen", 1)]
    later = c.RequestQuote("q", "app", "ann", "store", lines, cases.HOME)
    window = {"window_from_at": start, "window_to_at": end}
    case.at(at(0, 8), later_than(later, window)).emits(e.QuoteOffered)
    night = {"window_from_at": start + 10 * HOUR, "window_to_at": end + 10 * HOUR}
    case.at(at(0, 8), later_than(later, night, quote="q2"))
    case.rejects(Reason.STORE_CLOSED, opens_at=int(at(1, 9) * SECOND))


def later_than(command, window, **more):
    return replace(command, **window, **more)


@pytest.mark.parametrize(
    ("weekly", "days", "detail"),
    [
        ([Hours(600, 600)], [], {"hint": "ends_before_it_begins", "hours": "mon 10:00-10:00"}),
        (
            [Hours(600, WEEK_MIN + 1)],
            [],
            {"hint": "ends_before_it_begins", "hours": "mon 10:00-mon 00:01"},
        ),
        (
            [Hours(600, 700), Hours(650, 800)],
            [],
            {"overlap": ["mon 10:00-11:40", "mon 10:50-13:20"]},
        ),
        (
            [Hours(600, 660), Hours(660, DAY_MIN + 90), Hours(DAY_MIN + 60, DAY_MIN + 120)],
            [],
            {"overlap": ["mon 11:00-tue 01:30", "tue 01:00-02:00"]},
        ),
        ([Hours(x, x + 1) for x in range(51)], [], {"limit": 50}),
        (
            [],
            [SpecialDay(4, [Hours(600, DAY_MIN + 1)])],
            {"hint": "ends_before_it_begins", "day_at": 4 * DAY},
        ),
        (
            [],
            [SpecialDay(3, []), SpecialDay(4, [Hours(540, 720), Hours(660, 900)])],
            {"overlap": ["09:00-12:00", "11:00-15:00"], "day_at": 4 * DAY},
        ),
        ([], [SpecialDay(4, []), SpecialDay(4, [])], {"hint": "twice", "day_at": 4 * DAY}),
        ([], [SpecialDay(-1, [])], {"limit_at": 367 * DAY}),
        ([], [SpecialDay(368, [])], {"limit_at": 367 * DAY}),
        ([], [SpecialDay(x, []) for x in range(401)], {"limit": 400}),
    ],
)
def test_hours_that_cannot_be_are_refused_with_what_is_wrong(weekly, days, detail):
    field = "weekly" if weekly else "days"
    city(1).at(1, hours(weekly, days)).rejects(Reason.MALFORMED, field=field, **detail)


def test_a_feast_within_a_year_is_taken():
    city(1).at(1, hours([], [SpecialDay(367, [])])).includes(e.StoreHoursSet)


def test_who_has_no_hours_is_always_open_and_who_has_only_closed_days_nearly():
    case = working(city(9, settings=cases.FOR_WEEKS)).at(
        1, hours([], [SpecialDay(MONDAY * SECOND // DAY, [])])
    )
    case.at(at(-1, 23.9), quote("q1")).emits(e.QuoteOffered)
    case.at(at(0, 3), quote("q2"))
    case.rejects(Reason.STORE_CLOSED, opens_at=int(at(1, 0) * SECOND))
    case.at(at(1, 0), quote("q3")).emits(e.QuoteOffered)


SPANS = st.lists(st.integers(0, 48), min_size=2, max_size=8, unique=True).map(
    lambda x: [Hours(a * 30, b * 30) for a, b in zip(*[iter(sorted(x))] * 2, strict=False)]
)


@given(
    st.dictionaries(st.integers(0, 6), SPANS, max_size=7),
    st.dictionaries(st.integers(0, 20), SPANS, max_size=3),
    st.integers(0, 14 * DAY_MIN),
    st.integers(-14, 14).map(lambda x: x * 60),
)
def test_hours_are_what_a_calendar_says(weekdays, days, minute, offset_min):
    """Against dates of the standard library: open or not, and nothing open before `opens_at`."""
    weekly = [
        Hours(day * DAY_MIN + x.opens_min, day * DAY_MIN + x.closes_min)
        for day in sorted(weekdays)
        for x in weekdays[day]
    ]
    store = Store("s", STORE_PLACE, 0, weekly=weekly, days=days)
    zone, now = timezone(timedelta(minutes=offset_min)), minute * MINUTE

    def is_open(ms: int) -> bool:
        local = datetime.fromtimestamp(ms / 1_000, UTC).astimezone(zone)
        date = local.toordinal() - datetime(1970, 1, 1, tzinfo=UTC).toordinal()
        clock = local.hour * 60 + local.minute
        spans = days.get(date)
        if spans is None:
            spans = weekdays.get(local.weekday(), []) if weekly else [Hours(0, DAY_MIN)]
        return any(x.opens_min <= clock < x.closes_min for x in spans)

    assert takes_orders(store, now, offset_min) is is_open(now)
    opens_at = next_opening(store, now, offset_min)
    if opens_at is not None:
        assert is_open(opens_at)
        assert not any(is_open(x) for x in range(now, opens_at, 30 * MINUTE))
    else:
        assert not any(is_open(now + x * HOUR) for x in range(24 * 40))


# pauses


def test_a_pause_ends_by_itself():
    case = city(9).at(60, c.PauseStore("store", 660_000, "too_busy"))
    case.emits(e.StorePaused("store", 660_000, "too_busy"))
    case.at(61, quote("q1")).rejects(Reason.STORE_CLOSED, opens_at=660_000)
    case.at(660, quote("q2")).emits(e.StoreResumed("store"), e.QuoteOffered)


def test_a_pause_can_be_ended_and_another_begun():
    case = city(9).at(60, c.PauseStore("store", 660_000, "too_busy"))
    case.at(61, c.OpenStore("store")).at(62, quote("q1")).emits(e.QuoteOffered)
    case.at(63, c.PauseStore("store", 900_000, "too_busy"))
    case.at(700, c.Tick()).emits()  # the first pause's timer finds nothing to do
    case.at(701, quote("q2")).rejects(Reason.STORE_CLOSED, opens_at=900_000)
    case.at(900, c.Tick()).emits(e.StoreResumed("store"))


def test_who_is_closed_by_hand_stays_closed_when_a_pause_ends():
    case = city(9).at(60, c.PauseStore("store", 120_000, "too_busy"))
    case.at(61, c.CloseStore("store")).at(200, quote()).includes(e.StoreResumed)
    assert case.events[-1] == e.CommandRejected(Reason.STORE_CLOSED, {})


def test_a_pause_that_ends_outside_the_hours_opens_with_them():
    case = working(city(9, settings=cases.FOR_WEEKS)).at(1, hours())
    case.at(at(0, 16), c.PauseStore("store", int(at(0, 18) * SECOND), "staff"))
    case.at(at(0, 16.5), quote()).rejects(Reason.STORE_CLOSED, opens_at=int(at(1, 9) * SECOND))


@pytest.mark.parametrize("until", [60_000, 0, 60_000 + 7 * DAY + 1])
def test_a_pause_ends_in_the_future_and_within_a_week(until):
    for command in (c.PauseStore("store", until, "x"), c.SetBusyMode("store", 2_000, until)):
        if until or isinstance(command, c.PauseStore):
            case = city(1).at(60, command)
            case.rejects(Reason.MALFORMED, field="until", limit_at=60_000 + 7 * DAY)


# a rush


def promised_ms(case, name: str) -> int:
    case.at(case.now_s + 1, quote(name)).emits(e.QuoteOffered)
    return case.events[0].promised_ms


def test_a_rush_is_felt_by_quotes_at_once_and_ends_by_itself():
    case = city(9)
    usual_ms = promised_ms(case, "q1")
    case.at(60, c.SetBusyMode("store", 3_000, 600_000))
    case.emits(e.StoreBusySet("store", 3_000, 600_000))
    rush_ms = promised_ms(case, "q2")
    store = case.state.stores["store"]
    late_ms = store.preparation_ms + 2 * store.spread_ms
    assert rush_ms == usual_ms + 2 * late_ms
    case.at(600, c.Tick()).emits(e.StoreBusySet("store", 1_000, 0))
    assert promised_ms(case, "q3") == usual_ms


def test_a_rush_is_felt_by_dispatch_at_once():
    """What is still to do takes twice as long: the orders say so, and couriers come later."""
    case = cases.accepted(city(2))  # will be ready in ten minutes
    told = case.state.orders["o"].ready_at
    case.at(case.now_s + 60, c.SetBusyMode("store", 2_000))
    now = case.engine.now
    later = now + 2 * (told - now)
    case.includes(e.StoreBusySet("store", 2_000, 0), e.ReadyTimeChanged("o", later))
    case.at(case.now_s + 60, c.SetBusyMode("store", 1_000))
    now = case.engine.now
    case.includes(e.ReadyTimeChanged("o", now + (later - now) // 2))
    case.at(case.now_s + 1, c.SetBusyMode("store", 1_000)).emits(e.StoreBusySet)


def test_what_is_ready_or_not_accepted_is_not_touched_by_a_rush():
    case = cases.accepted(cases.confirmed(city(3), "waiting"), "done")
    case.at(case.now_s + 1, c.ReportReady("store", "done"))
    case.at(case.now_s + 1, c.SetBusyMode("store", 3_000)).emits(e.StoreBusySet)


def test_a_store_learns_from_a_rush_what_it_needs_without_one():
    case = city(2).at(1, c.SetBusyMode("store", 2_000))
    case = cases.accepted(case)
    case.at(case.now_s + 20 * 60, c.ReportReady("store", "o"))  # twice the ten minutes expected
    assert case.state.stores["store"].preparation_ms == 10 * MINUTE


@pytest.mark.parametrize("permille", [0, 249, 10_001, -1_000])
def test_a_rush_has_its_measure(permille):
    case = city(1).at(1, c.SetBusyMode("store", permille))
    case.rejects(Reason.MALFORMED, field="preparation_permille", limit=10_000)


def test_only_a_store_there_is_has_hours_pauses_and_rushes():
    for command in (
        c.SetStoreHours("moon", []),
        c.PauseStore("moon", 60_000, "x"),
        c.SetBusyMode("moon", 2_000),
    ):
        city(1).at(1, command).rejects(Reason.UNKNOWN, what="store", id="moon")


def test_a_store_that_never_opens_names_no_time():
    never = {day: [] for day in range(10_000)}
    store = Store("s", STORE_PLACE, 0, weekly=[Hours(0, 1)], days=never)
    assert closure(store, 5 * DAY, 0) == (Reason.STORE_CLOSED, {})


# over the gateway


@live
async def test_hours_are_said_as_people_say_them_and_refusals_name_the_time(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        evenings = m.Hours(["fri", "sat"], "18:00", "02:00")
        feast = m.SpecialDay(later(app, 9 * DAY)[:10], [m.Span("09:00", "14:00")])
        await city.store.request(m.SetStoreHours([evenings], [feast]))
        told = await city.shop.request(m.GetStoreHours("s1"))
        assert told.days == [feast]
        assert [(x.days, x.opens, x.closes) for x in told.weekly] == [
            (["fri"], "18:00", "02:00"),
            (["sat"], "18:00", "02:00"),
        ]
        await city.store.request(m.SetStoreHours([], []))
        with pytest.raises(RequestRefusedError, match="malformed") as info:
            await city.store.request(m.PauseStore(later(app, 8 * DAY), "holidays"))
        assert info.value.error.detail["limit_at"] < later(app, 8 * DAY)  # a time, like any other
        await city.store.request(m.PauseStore(later(app, HOUR), "too_busy"))
        lines = [m.Line("ramen", 1)]
        with pytest.raises(RequestRefusedError, match="store_closed") as info:
            await city.shop.request(m.RequestQuote("q1", "ann", "s1", lines, DOOR))
        assert info.value.error.retryable
        opens_at = info.value.error.detail["opens_at"]
        [listed] = (await city.shop.request(m.ListStores())).stores
        assert (listed.open, listed.opens_at) == (False, opens_at)
        await city.store.request(m.OpenStore())
        await city.store.request(m.SetBusyMode(1_500, later(app, HOUR)))
        [listed] = (await city.shop.request(m.ListStores())).stores
        assert (listed.open, listed.busy_permille) == (True, 1_500)
        impossible = m.SetStoreHours([], [m.SpecialDay("2031-02-30", [])])
        with pytest.raises(RequestRefusedError, match="malformed"):
            await city.store.request(impossible)
        nights = m.Hours(["sun"], "22:00", "02:00"), m.Hours(["mon", "tue"], "01:00", "06:00")
        with pytest.raises(RequestRefusedError, match="malformed") as info:
            await city.store.request(m.SetStoreHours(list(nights), []))
        both = ["mon 00:00-02:00", "mon 01:00-06:00"]
        assert info.value.error.detail == {"field": "weekly", "overlap": both}
        feast = m.SpecialDay(feast.date, [m.Span("13:00", "20:00"), m.Span("09:00", "14:00")])
        with pytest.raises(RequestRefusedError, match="malformed") as info:
            await city.store.request(m.SetStoreHours([], [feast]))
        assert info.value.error.detail == {
            "field": "days",
            "overlap": ["09:00-14:00", "13:00-20:00"],
            "day_at": f"{feast.date}T00:00:00.000Z",
        }


def later(app, ms: int) -> str:
    at = datetime.fromtimestamp((app.loop.clock.now() + ms) / 1_000, UTC)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
