"""A phone that was offline tells late what happened, and when: facts are of then, decisions of now."""

import pytest
from msgspec import msgpack

from engine import commands as c
from engine import events as e
from engine.engine import Record
from engine.projections import Projections
from engine.rejections import RejectionReason as Reason
from engine.rules.occurrence import LATE_MAX_MS, SKEW_MS
from engine.rules.promising import ride_ms
from engine.settings import Settings
from engine.state.deliveries import DeliveryStatus
from engine.values import MINUTE, SECOND, Actor, Proof, StopKind
from tests import cases
from tests.cases import HOME, STORE_PLACE, city

D = "o/1"
RIDE_MS_HOME = ride_ms(Settings(), STORE_PLACE, HOME)
SILENT_S = 20 * 60  # in a cellar


def now_ms(case: cases.Case) -> int:
    return int(case.now_s * SECOND)


def silent() -> tuple[cases.Case, int]:
    """Everything from the counter to the door is told in one burst; returns when he accepted."""
    case = cases.assigned(city(3))
    accepted_at = now_ms(case)
    burst_s = case.now_s + SILENT_S
    picked_up_at = accepted_at + 3 * MINUTE
    door_at = picked_up_at + RIDE_MS_HOME
    case.at(burst_s, c.ReportArrival("kim", D, StopKind.PICKUP, accepted_at + 2 * MINUTE))
    case.at(burst_s, c.ReportPickup("kim", D, occurred_at=picked_up_at))
    case.at(burst_s, c.ReportArrival("kim", D, StopKind.DROPOFF, door_at))
    return case, accepted_at


def test_a_ride_is_measured_by_when_it_was_ridden_not_by_when_it_was_told():
    case, _ = silent()
    case.includes(e.RideMeasured)
    [measured] = [x for x in case.everything if isinstance(x, e.RideMeasured)]
    assert (measured.usual_ms, measured.taken_ms) == (RIDE_MS_HOME, RIDE_MS_HOME)


def test_a_promise_that_was_kept_counts_as_kept_though_it_was_heard_of_late():
    case, accepted_at = silent()
    door_at = accepted_at + 3 * MINUTE + RIDE_MS_HOME
    promised_at = case.state.orders["o"].placed.promised_at
    late_s = promised_at / SECOND + 60
    case.at(late_s, c.ReportDropoff("kim", D, occurred_at=door_at + 5_000))
    case.includes(e.OrderFulfilled("o", int(late_s * SECOND), door_at + 5_000))
    [measured] = [x for x in case.everything if isinstance(x, e.PromiseMeasured)]
    assert measured.is_kept
    order = case.state.orders["o"]
    assert (order.ended_at, order.delivered_at) == (int(late_s * SECOND), door_at + 5_000)

    seen = Projections()
    for record in case.records:
        seen.fold(record)
    assert seen.punctuality.total.on_time == 1
    clock = seen.punctuality.hours[max(seen.punctuality.hours)].clock
    placed_at = order.placed.placed_at
    assert clock["click_to_door"].sum_ms == door_at + 5_000 - placed_at


def test_without_a_time_it_happened_when_it_was_heard():
    case = cases.delivered(city(1))
    assert case.state.orders["o"].delivered_at == 0
    assert case.state.deliveries.route("kim").step_at == now_ms(case)


def test_a_clock_that_is_a_little_off_is_moved_to_what_can_be():
    case = cases.assigned(city(1))
    now = now_ms(case)
    case.at(case.now_s, c.ReportArrival("kim", D, StopKind.PICKUP, now + SKEW_MS))
    case.emits(e.CourierArrived(D, "kim", StopKind.PICKUP, now))
    case.at(case.now_s + 60, c.ReportPickup("kim", D, occurred_at=now - SKEW_MS + 1))
    case.includes(e.DeliveryPickedUp(D, "kim", "o", now))


@pytest.mark.parametrize("off_ms", [SKEW_MS + 1, 400 * 24 * 60 * MINUTE])
def test_nothing_is_told_that_is_yet_to_happen(off_ms):
    case = cases.on_board(city(1))
    now, left_at = now_ms(case), case.state.deliveries.route("kim").left_at
    wrong = c.ReportDropoff("kim", D, occurred_at=now + off_ms)
    case.at(case.now_s, wrong)
    case.rejects(Reason.TIME_NOT_BELIEVED, earliest_at=left_at, latest_at=now)
    case.at(case.now_s, c.ReportDropoff("kim", D)).includes(e.DeliveryCompleted)  # without one


def test_nothing_happened_before_the_step_before_it():
    case, accepted_at = silent()
    arrived_at = accepted_at + 3 * MINUTE + RIDE_MS_HOME
    too_soon = c.ReportDropoff("kim", D, occurred_at=arrived_at - SKEW_MS - 1)
    case.at(case.now_s, too_soon).rejects(
        Reason.TIME_NOT_BELIEVED, earliest_at=arrived_at, latest_at=now_ms(case)
    )
    assert case.delivery().status is DeliveryStatus.ARRIVED_AT_DROPOFF


def test_nobody_arrives_before_he_was_asked_to_come():
    case = cases.offered(city(1))
    offered_at = now_ms(case)
    case.at(case.now_s + 30, c.AcceptOffer("kim", D))
    too_soon = c.ReportArrival("kim", D, StopKind.PICKUP, offered_at - SKEW_MS - 1)
    case.at(case.now_s + 300, too_soon).rejects(
        Reason.TIME_NOT_BELIEVED, earliest_at=offered_at, latest_at=now_ms(case)
    )


def test_when_he_was_asked_is_known_though_others_are_waited_for_less_by_now():
    case = cases.offered(city(1, settings=Settings(offer_timeout_ms=10 * MINUTE)))
    offered_at = now_ms(case)
    case.at(case.now_s + 30, c.AcceptOffer("kim", D))
    case.at(case.now_s, c.ChangeSettings(Settings(offer_timeout_ms=MINUTE)))
    arrived = c.ReportArrival("kim", D, StopKind.PICKUP, offered_at + 2 * MINUTE)
    case.at(case.now_s + 300, arrived)
    case.includes(e.CourierArrived(D, "kim", StopKind.PICKUP, offered_at + 2 * MINUTE))


def test_nothing_happened_before_a_step_that_was_heard_as_it_happened():
    case = cases.on_board(city(1))
    picked_up_at = now_ms(case)
    late_s = case.state.orders["o"].placed.promised_at / SECOND + 600
    case.at(late_s, c.ReportArrival("kim", D, StopKind.DROPOFF))
    arrived_at = now_ms(case)
    handed_over = c.ReportDropoff("kim", D, occurred_at=picked_up_at + 1_000)
    case.at(late_s + 30, handed_over)
    case.rejects(Reason.TIME_NOT_BELIEVED, earliest_at=arrived_at, latest_at=now_ms(case))
    case.at(late_s + 40, c.ReportDropoff("kim", D, occurred_at=arrived_at + 5_000))
    case.includes(e.OrderFulfilled("o", now_ms(case), arrived_at + 5_000))


def test_what_failed_at_one_door_leaves_no_time_for_another_before_it():
    case = cases.assigned(cases.on_board(city(2), "a"), "b")
    case.at(case.now_s + 2_400, c.ReportPickup("kim", "b/1"))
    case.at(case.now_s + 10, c.ReportFailure("kim", "a/1", "customer_absent"))
    failed_at = now_ms(case)
    assert case.state.deliveries.route("kim").left is None
    too_soon = c.ReportDropoff("kim", "b/1", occurred_at=failed_at - 30 * MINUTE)
    case.at(case.now_s + 300, too_soon)
    case.rejects(Reason.TIME_NOT_BELIEVED, earliest_at=failed_at, latest_at=now_ms(case))
    case.at(case.now_s, c.ReportDropoff("kim", "b/1", occurred_at=failed_at + MINUTE))
    case.includes(e.LegStarted("kim", HOME, failed_at + MINUTE))


def test_what_somebody_else_recalls_is_no_step_of_the_courier():
    """He was in a cellar with it, and at another door before that."""
    case = cases.on_board(cases.on_board(city(2), "a"), "b")
    handed_over_at = now_ms(case) + MINUTE
    case.at(case.now_s + SILENT_S, cases.cancel(Actor.CUSTOMER, "changed_mind", "b"))
    case.includes(e.DeliveryFailed("b/1", "kim", "changed_mind", 1, recalled=True))
    case.at(case.now_s + 60, c.ReportDropoff("kim", "a/1", occurred_at=handed_over_at))
    case.includes(e.OrderFulfilled("a", now_ms(case), handed_over_at))
    assert case.state.deliveries.route("kim").step_at == handed_over_at


def test_what_failed_or_was_recalled_is_applied_as_it_was_before_the_two_were_told_apart():
    case = cases.on_board(city(1))
    case.at(case.now_s + 600, c.Tick())
    old = msgpack.encode(["DeliveryFailed", D, "kim", "changed_mind", 0])
    failed = msgpack.decode(old, type=e.DeliveryFailed)
    engine, at = case.shadow, case.engine.now + MINUTE
    engine.apply(Record(engine.seq + 1, at, c.Tick(), [failed]))
    assert engine.state.deliveries.route("kim").step_at == at


def test_what_was_believed_before_such_a_step_by_an_earlier_version_stands():
    case = cases.on_board(city(1))
    case.at(case.now_s + 600, c.ReportArrival("kim", D, StopKind.DROPOFF))
    engine = case.shadow
    said = c.ReportDropoff("kim", D, occurred_at=8_000)
    written = [e.DeliveryCompleted(D, "kim", "o", occurred_at=8_000)]
    engine.apply(Record(engine.seq + 1, engine.now, said, written))
    assert engine.state.deliveries[D].status is DeliveryStatus.DELIVERED
    assert engine.state.deliveries.route("kim").step_at == engine.now


def test_what_is_older_than_a_shift_is_a_wrong_clock():
    case = cases.on_board(city(1))
    late_s = case.now_s + (LATE_MAX_MS + 60 * MINUTE) / SECOND
    long_ago = now_ms(case) + 60 * MINUTE - SKEW_MS - 1
    case.at(late_s, c.ReportFailure("kim", D, "customer_absent", long_ago))
    earliest = int(late_s * SECOND) - LATE_MAX_MS
    case.rejects(Reason.TIME_NOT_BELIEVED, earliest_at=earliest, latest_at=int(late_s * SECOND))


def test_a_wrong_code_with_a_wrong_time_is_no_try():
    """Times are looked at first: what was refused for one has not been tried."""
    case = cases.on_board(city(1), proof=Proof.PIN, pin="0042")
    late = c.ReportDropoff("kim", D, Proof.PIN, "0043", 900_001 + SKEW_MS)
    case.at(900, late).includes(e.CommandRejected)
    assert case.events[0].reason is Reason.TIME_NOT_BELIEVED
    assert case.state.orders["o"].missed_proofs == 0


def test_what_was_written_before_there_were_such_times_is_read_as_it_was():
    old = msgpack.encode(["CourierArrived", "o/1", "kim", "pickup"])
    assert msgpack.decode(old, type=e.CourierArrived) == e.CourierArrived("o/1", "kim", "pickup")
    fulfilled = msgpack.encode(["OrderFulfilled", "o", 7])
    assert msgpack.decode(fulfilled, type=e.OrderFulfilled) == e.OrderFulfilled("o", 7)
