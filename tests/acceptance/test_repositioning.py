"""What a courier with nothing to do would tell you: where he is asked to wait, and when not."""

from engine import commands as c
from engine import events as e
from engine.queries.for_couriers import work_of
from engine.rejections import RejectionReason as Reason
from tests import cases
from tests.cases import Case, city


def sent(case: Case, courier: str = "kim", store: str = "store") -> Case:
    return case.at(case.now_s, c.RepositionCourier(courier, store))


def test_a_courier_with_nothing_to_do_is_asked_to_wait_near_a_store():
    case = sent(city(9)).emits(e.CourierRepositioned("kim", "store"))
    assert case.state.couriers["kim"].asked_to_wait_at == "store"


def test_nobody_is_sent_who_is_unknown_or_off_shift():
    case = city(9)
    sent(case, "nobody").rejects(Reason.UNKNOWN, what="courier", id="nobody")
    sent(case, "kim", "nowhere").rejects(Reason.UNKNOWN, what="store", id="nowhere")
    case.at(case.now_s, c.EndShift("kim"))
    sent(case).rejects(Reason.OFF_SHIFT)


def test_who_has_had_something_to_do_since_is_not_asked_to_wait_there_again():
    case = cases.delivered(sent(city(9)))
    assert case.state.couriers["kim"].asked_to_wait_at is None
    assert work_of(case.state, "kim").wait_near is None
    sent(case).emits(e.CourierRepositioned("kim", "store"))


def test_who_goes_home_is_not_waited_for():
    case = sent(city(9))
    case.at(case.now_s, c.EndShift("kim"))
    assert case.state.couriers["kim"].asked_to_wait_at is None


def test_whoever_was_given_an_order_is_not_sent_away_from_it():
    case = cases.offered()
    sent(case).rejects(Reason.PINNED)
