"""Who works in a store: the roster, attendance, and what it means for who orders there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import commands as c
from engine import events as e
from engine.engine import Engine
from engine.rejections import RejectionReason as Reason
from engine.rules.promising import crowd_permille, preparation_now_ms
from engine.rules.working_time import worked
from engine.state.staff import KEPT_MS, Timecard
from engine.state.stores import Store
from engine.values import DAY, HOUR, MINUTE, SECOND, Break, Job
from gateway import messages as m
from gateway.client import RequestRefusedError
from gateway.wire import time_text
from tests import cases
from tests.cases import STORE_PLACE, city, quote
from tests.serving import live, serving, small_city, until

H = 3_600
EVE1 = "eve/1"


def duty(name: str, starts_h: float, ends_h: float, staff: str = "eve", store: str = "store"):
    return c.DraftDuty(store, name, staff, Job.PICKER, int(starts_h * HOUR), int(ends_h * HOUR))


def clock_in(staff: str = "eve", job: Job = Job.PICKER, store: str = "store") -> c.ClockIn:
    return c.ClockIn(store, staff, job)


def clock_out(staff: str = "eve", store: str = "store") -> c.ClockOut:
    return c.ClockOut(store, staff)


def written(began_h: float, ended_h: float, *breaks: Break, staff: str = "eve"):
    began, ended = int(began_h * HOUR), int(ended_h * HOUR)
    return c.RecordTimecard(
        "store", staff, Job.PICKER, began, ended, list(breaks), "terminal was down"
    )


def overlapping(key: str, from_h: float, to_h: float = 0) -> dict:
    detail = {"with": key, "from_at": int(from_h * HOUR)}
    return detail | ({"to_at": int(to_h * HOUR)} if to_h else {})


def branches():
    return city(9).at(0, c.RegisterStore("branch", "Branch", STORE_PLACE, 600_000))


# the roster


def test_a_roster_is_drafted_and_then_published():
    case = (
        city(9)
        .at(1, duty("d1", 9, 17))
        .emits(e.DutyDrafted("store", "d1", "eve", Job.PICKER, 9 * HOUR, 17 * HOUR, SECOND))
    )
    case.at(2, duty("d2", 17, 22)).at(3, c.PublishRoster("store"))
    case.emits(e.RosterPublished("store", ["d1", "d2"]))
    case.at(4, duty("d3", 33, 41)).at(5, c.PublishRoster("store"))
    case.emits(e.RosterPublished("store", ["d3"]))
    case.at(6, c.DropDuty("store", "d3")).emits(e.DutyDropped("d3"))
    case.at(7, c.DropDuty("store", "d3")).rejects(Reason.UNKNOWN, what="duty", id="d3")


def test_nobody_is_planned_for_two_places_at_once():
    case = branches().at(1, duty("d1", 9, 17))
    case.at(2, duty("d2", 16, 20, store="branch"))
    case.rejects(Reason.OVERLAPPING, **overlapping("d1", 9, 17))
    case.at(3, duty("d2", 17, 20, store="branch")).emits(e.DutyDrafted)  # one after the other
    case.at(4, duty("d3", 16, 20, staff="bob")).emits(e.DutyDrafted)
    case.at(5, c.DropDuty("store", "d1")).at(6, duty("d4", 10, 12)).emits(e.DutyDrafted)
    case.at(7, duty("d4", 22, 23)).rejects(Reason.ALREADY_EXISTS)


@pytest.mark.parametrize(("starts_h", "ends_h"), [(9, 9), (9, 8), (9, 25.1), (-9, -1)])
def test_a_duty_lasts_some_hours_and_is_not_over(starts_h, ends_h):
    case = city(1).at(1, duty("d1", starts_h, ends_h))
    assert (case.events[0].reason, case.events[0].detail["field"]) == (Reason.MALFORMED, "ends_at")


# attendance


def test_who_clocks_in_is_there_until_he_clocks_out():
    case = (
        city(1).at(1, clock_in()).emits(e.TimecardOpened(EVE1, "store", "eve", Job.PICKER, 1_000))
    )
    case.at(2, c.StartBreak("store", "eve", False)).emits(e.BreakStarted(EVE1, False, 2_000))
    case.at(3, c.EndBreak("store", "eve")).emits(e.BreakEnded(EVE1, 3_000))
    case.at(4, clock_out()).emits(e.TimecardClosed(EVE1, 4_000))
    card = case.state.staff[EVE1]
    assert (card.started_at, card.ended_at, card.breaks) == (
        1_000,
        4_000,
        [Break(2_000, 3_000, False)],
    )


def test_nobody_is_at_two_places_at_once():
    case = branches().at(1, clock_in())
    case.at(2, clock_in()).rejects(Reason.OVERLAPPING, **{"with": EVE1, "from_at": 1_000})
    case.at(3, clock_in(store="branch"))
    case.rejects(Reason.OVERLAPPING, **{"with": EVE1, "from_at": 1_000})
    case.at(4, clock_out(store="branch"))
    assert case.events[0].reason is Reason.ILLEGAL_TRANSITION  # he is not there
    case.at(5, clock_out()).at(5, clock_in(store="branch")).emits(e.TimecardOpened)


def test_out_in_break_and_back_in_that_order():
    case = city(1)
    for command in (clock_out(), c.StartBreak("store", "eve", True), c.EndBreak("store", "eve")):
        case.at(1, command)
        detail = case.events[0].detail
        assert (detail["from"], detail["allowed"]) == ("clocked_out", ["clocked_in"])
    case.at(2, clock_in()).at(3, c.EndBreak("store", "eve"))
    assert case.events[0].detail["from"] == "clocked_in"
    case.at(4, c.StartBreak("store", "eve", True)).at(5, c.StartBreak("store", "eve", True))
    assert case.events[0].detail["from"] == "on_break"
    case.at(6, clock_out()).emits(e.TimecardClosed)  # which ends the break
    assert case.state.staff[EVE1].breaks == [Break(4_000, 6_000, True)]


def test_what_was_forgotten_is_written_down_and_overlaps_nothing():
    """The timecards of a person never overlap, in whichever order and store they are told."""
    case = city(1).at(10 * H, written(2, 6)).emits(e.TimecardRecorded)
    for began_h, ended_h in ((1, 3), (5, 7), (3, 4), (1, 7), (2, 6)):
        case.at(10 * H, written(began_h, ended_h))
        case.rejects(Reason.OVERLAPPING, **overlapping(EVE1, 2, 6))
    case.at(10 * H, written(6, 7)).emits(e.TimecardRecorded)
    case.at(10 * H, written(1, 2)).emits(e.TimecardRecorded)
    case.at(10 * H, written(1, 7, staff="bob")).emits(e.TimecardRecorded)
    case.at(10 * H, clock_in())
    case.at(12 * H, written(9, 10.5)).rejects(Reason.OVERLAPPING, **overlapping("eve/5", 10))


def test_a_correction_overlaps_nothing_but_what_it_corrects():
    case = city(1).at(10 * H, written(2, 6)).at(10 * H, written(7, 8))
    later = c.CorrectTimecard("store", EVE1, 3 * HOUR, 7 * HOUR, "came later")
    case.at(10 * H, later).emits(e.TimecardCorrected(EVE1, 3 * HOUR, 7 * HOUR, "came later"))
    longer = c.CorrectTimecard("store", EVE1, 3 * HOUR, 8 * HOUR, "stayed")
    case.at(10 * H, longer).rejects(Reason.OVERLAPPING, **overlapping("eve/2", 7, 8))
    elsewhere = c.CorrectTimecard("branch", EVE1, 3 * HOUR, 4 * HOUR, "")
    case.at(10 * H, elsewhere).rejects(Reason.UNKNOWN, what="timecard", id=EVE1)
    case.at(10 * H, clock_in())
    still = c.CorrectTimecard("store", "eve/3", 9 * HOUR, 10 * HOUR, "")
    case.at(10 * H, still)
    assert case.events[0].reason is Reason.ILLEGAL_TRANSITION


@pytest.mark.parametrize(
    ("began_h", "ended_h", "field"),
    [
        (6, 6, "started_at"),
        (7, 6, "started_at"),
        (-8_000, -7_990, "started_at"),
        (-7, 9.5, "ended_at"),
        (9, 11, "ended_at"),
    ],
)
def test_what_is_written_down_is_over_recent_and_no_longer_than_anybody_works(
    began_h, ended_h, field
):
    case = city(1).at(10 * H, written(began_h, ended_h))
    assert (case.events[0].reason, case.events[0].detail["field"]) == (Reason.MALFORMED, field)


@pytest.mark.parametrize(
    "breaks",
    [
        [Break(HOUR, 3 * HOUR, True)],
        [Break(3 * HOUR, 3 * HOUR, True)],
        [Break(3 * HOUR, 0, True)],
        [Break(3 * HOUR, 5 * HOUR, True), Break(4 * HOUR, 6 * HOUR, False)],
    ],
)
def test_breaks_are_within_the_time_worked_and_apart(breaks):
    case = city(1).at(10 * H, written(2, 6, *breaks))
    case.rejects(Reason.MALFORMED, field="breaks")


def test_who_forgets_to_clock_out_is_clocked_out():
    case = city(1).at(1, clock_in()).at(17 * H, c.Tick())
    case.emits(e.TimecardClosed(EVE1, SECOND + 16 * HOUR, forgotten=True))
    fix = c.CorrectTimecard("store", EVE1, SECOND, 8 * HOUR, "left at eight")
    case.at(17 * H, fix)
    assert not case.state.staff[EVE1].forgotten


def test_old_timecards_are_forgotten():
    case, day_s = city(1), DAY // SECOND
    for day in range(90):
        case.at(day * day_s + 10, clock_in()).at(day * day_s + 20, clock_out())
    kept = [x.started_at for x in case.state.staff.timecards.values()]
    assert len(kept) == 63
    assert kept[0] >= 89 * DAY - KEPT_MS
    assert case.engine.step(case.engine.now, clock_in())[-1].rejection is None


# hours


@given(
    st.lists(st.integers(0, 600), min_size=2, max_size=10, unique=True).map(sorted),
    st.lists(st.booleans(), min_size=5, max_size=5),
    st.integers(0, 600),
    st.integers(0, 600),
    st.booleans(),
)
def test_hours_worked_are_minutes_counted_one_by_one(times, paid, from_m, to_m, is_open):
    """Against the plain way: for every minute, was he there, and on which break?"""
    began, *inner, ended = times
    inner = inner[: len(inner) // 2 * 2]
    breaks = [Break(a, b, p) for a, b, p in zip(inner[::2], inner[1::2], paid, strict=False)]
    card = Timecard("s", "eve", Job.PICKER, began, 0 if is_open else ended, breaks)
    now = ended

    def kind(minute: int) -> str:
        if not (began <= minute < ended and from_m <= minute < to_m and minute < now):
            return "away"
        on = next((x for x in breaks if x.started_at <= minute < x.ended_at), None)
        return "work" if on is None else "paid" if on.paid else "unpaid"

    counted = [kind(x) for x in range(601)]
    spent = worked(card, from_m, to_m, now)
    assert spent.paid_ms == counted.count("work") + counted.count("paid")
    assert spent.paid_breaks_ms == counted.count("paid")
    assert spent.unpaid_breaks_ms == counted.count("unpaid")


# what it means for who orders


def rostered(stock: int = 99, *staff: str):
    """A store that keeps a roster, with these pickers there."""
    case = city(stock).at(1, c.PublishRoster("store"))
    for name in staff:
        case.at(2, clock_in(name))
    return case


def promised_ms(case, name: str) -> int:
    case.at(case.now_s + 1, quote(name)).emits(e.QuoteOffered)
    return case.events[0].promised_ms


def test_without_a_roster_nobody_is_counted():
    case = city(99)
    usual_ms = promised_ms(case, "q")
    case.at(2, clock_in()).at(3, clock_out())
    assert promised_ms(cases.confirmed(case), "q2") >= usual_ms
    assert case.state.staff.pickers("store") is None


def test_a_store_with_a_roster_and_nobody_there_takes_no_orders():
    case = (
        city(9)
        .at(1, duty("d1", 2, 8))
        .at(1, duty("d0", 1, 2, "bob"))
        .at(2, c.PublishRoster("store"))
    )
    case.at(3, c.DropDuty("store", "d0"))
    case.at(4, quote("q1")).rejects(Reason.STORE_CLOSED, opens_at=2 * HOUR)
    case.at(5, clock_in("bob", Job.CASHIER)).at(6, quote("q2"))
    case.rejects(Reason.STORE_CLOSED, opens_at=2 * HOUR)  # a cashier does not pick
    case.at(7, clock_in()).at(8, quote("q3")).emits(e.QuoteOffered)
    case.at(9, c.StartBreak("store", "eve", False)).at(10, quote("q4")).emits(e.QuoteOffered)
    case.at(11, clock_out()).at(12, quote("q5")).rejects(Reason.STORE_CLOSED, opens_at=2 * HOUR)


def test_orders_that_wait_and_pickers_who_leave_are_felt_by_quotes_at_once():
    case = rostered(99, "eve", "bob")
    usual_ms = promised_ms(case, "q0")
    for n in range(4):
        case = cases.confirmed(case, f"o{n}")
    two_ms = promised_ms(case, "q1")  # two orders for each of two pickers
    store = case.state.stores["store"]
    late_ms = store.preparation_ms + 2 * store.spread_ms
    assert two_ms == usual_ms + 2 * late_ms
    case.at(case.now_s + 1, c.StartBreak("store", "bob", False))
    with_one = case.at(case.now_s + 1, quote("q2")).events[0]
    assert with_one.reason is Reason.NO_CAPACITY_NOW  # four for one: beyond what may be promised
    case.at(case.now_s + 1, c.EndBreak("store", "bob"))
    assert promised_ms(case, "q3") == two_ms
    case.at(case.now_s + 1, c.RejectOrder("store", "o0", "too_busy"))
    case.at(case.now_s + 1, c.RejectOrder("store", "o1", "too_busy"))
    assert promised_ms(case, "q4") == usual_ms + late_ms


def test_a_store_learns_how_many_usually_wait():
    case = rostered(99, "eve")
    for n in range(2):
        case = cases.accepted(case, f"o{n}")
    case.at(case.now_s + 60, c.ReportReady("store", "o0"))
    case.includes(e.PreparationMeasured)
    measured = next(x for x in case.events if isinstance(x, e.PreparationMeasured))
    assert measured.crowd_permille == 1_000  # the other one, for one picker
    assert case.state.stores["store"].crowd_permille == 125


@given(st.integers(0, 50), st.integers(1, 9), st.integers(0, 5_000), st.integers(1, 90 * MINUTE))
def test_more_who_wait_never_make_it_quicker_and_more_pickers_never_slower(
    waiting, pickers, usual, late_ms
):
    store = Store("s", STORE_PLACE, late_ms, crowd_permille=usual)
    now_ms = preparation_now_ms(store, waiting, pickers)
    assert now_ms >= preparation_now_ms(store, waiting, None) == late_ms
    assert now_ms <= preparation_now_ms(store, waiting + 1, pickers)
    assert now_ms >= preparation_now_ms(store, waiting, pickers + 1)
    if crowd_permille(waiting, pickers) <= usual:
        assert now_ms == late_ms


def test_who_is_there_is_known_after_a_restart(tmp_path):
    from engine import snapshot

    case = rostered(9, "eve", "bob").at(5, c.StartBreak("store", "bob", True))
    again: Engine = snapshot.load(snapshot.dump(case.engine))
    for staff in (case.state.staff, again.state.staff):
        assert (staff.pickers("store"), staff.open_timecard("eve")) == (1, "eve/1")
        assert not staff.is_deserted("store")
    assert again.state.staff.timecards_of == case.state.staff.timecards_of
    assert again.state.staff.present == case.state.staff.present


# over the gateway


@live
async def test_a_store_keeps_its_roster_and_its_hours_over_the_wire(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city_:
        feed, store = city_.store.subscribe("staff"), city_.store
        await anext(aiter(feed))
        now = app.loop.clock.now()
        starts, ends = time_text(now + HOUR), time_text(now + 5 * HOUR)
        await store.request(m.DraftDuty("d1", "eve", "picker", starts, ends))
        await store.request(m.PublishRoster())
        card = (await store.request(m.ClockIn("eve", "picker"))).timecard
        with_overlap = m.ClockIn("eve", "cashier")
        with pytest.raises(RequestRefusedError, match="overlapping") as info:
            await store.request(with_overlap)
        assert info.value.error.detail["with"] == card
        await store.request(m.StartBreak("eve", paid=True))
        await store.request(m.ClockOut("eve"))
        [listed] = (await city_.shop.request(m.ListStores())).stores
        assert (listed.open, listed.opens_at) == (False, starts)
        began, ended = time_text(now - 5 * HOUR), time_text(now - 3 * HOUR)
        pause = m.Break(time_text(now - 4 * HOUR), time_text(now - 4 * HOUR + 15 * MINUTE))
        wrote = m.RecordTimecard("bob", "cashier", began, ended, "forgot", [pause])
        await store.request(wrote)
        heard = []
        await until(feed, lambda x: getattr(x.body, "staff", "") == "bob", heard)
        assert [x.body.status for x in heard] == [
            *("draft", "published", "clocked_in", "on_break", "clocked_out", "clocked_out")
        ]
        day = (time_text(now - DAY), time_text(now + DAY))
        told = await store.request(m.ListTimecards(*day))
        hours = {x.staff: x for x in told.hours}
        assert hours["bob"].paid_s == 2 * H - 15 * 60
        assert hours["bob"].unpaid_breaks_s == 15 * 60
        assert [x.staff for x in told.timecards] == ["eve", "bob"]
        page = await store.request(m.ListTimecards(*day, limit=1))
        rest = await store.request(m.ListTimecards(*day, after=page.next, limit=1))
        assert [*page.timecards, *rest.timecards] == told.timecards
        roster = await store.request(m.ListRoster(*day))
        assert [(x.duty, x.status) for x in roster.duties] == [("d1", "published")]
        assert roster.pickers == 0
