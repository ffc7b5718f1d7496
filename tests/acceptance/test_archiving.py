"""What ended long ago: put away, told of as before, and brought out when money moves again."""

import pytest

from engine import commands as c
from engine import events as e
from engine import snapshot
from engine.archive import PACK, Archive
from engine.rejections import RejectionReason as Reason
from engine.settings import Settings
from engine.state.deliveries import Deliveries
from engine.values import DAY, HOUR, MINUTE, SECOND, Actor, Proof, ReturnWay
from tests import cases
from tests.acceptance.test_returning import agreed, back, bought, preview, refund_of
from tests.cases import FEE, GOODS, TOTAL, Case, settled

AFTER_S = 2 * HOUR // SECOND
PATIENT = Settings(courier_search_ms=0)  # what waits for a courier waits for ever


def put_away(case: Case) -> Case:
    """Two hours later, and a while: somebody looks every ten minutes."""
    return case.at(case.now_s + AFTER_S + 10 * MINUTE // SECOND, c.Tick())


def in_stock() -> Case:
    """One order has ended, and there is something left to buy."""
    case = cases.delivered(cases.city(9, ("kim", "lee"), settings=PATIENT), pieces=3)
    return case.at(case.now_s + 1, settled("o/1/capture"))


def another(case: Case, order: str = "p") -> Case:
    """It ends at once; what ended before it is looked at when its time is over."""
    cases.placed(case, order)
    return case.at(case.now_s + 1, cases.cancel(Actor.CUSTOMER, "changed_mind", order))


def sizes(case: Case) -> tuple[int, int, int]:
    """How many orders, payments and deliveries are not in the archive."""
    s = case.state
    return len(s.orders.orders), len(s.payments.payments), len(s.deliveries.deliveries)


def test_two_hours_after_its_end_an_order_is_put_away_with_what_belongs_to_it():
    case = bought()
    due_s = case.state.orders["o"].ended_at / SECOND + AFTER_S
    case.at(due_s - 0.001, c.Tick())
    assert sizes(case) == (1, 1, 1)
    case.at(due_s, c.Tick()).includes(
        e.OrdersArchived(["o"]), e.PaymentsArchived(["o/1"]), e.DeliveriesArchived(["o/1"])
    )
    assert sizes(case) == (0, 0, 0)
    assert [*case.state.orders.archive.places] == ["o"]


def test_whoever_asks_for_it_by_name_hears_what_he_would_have_heard():
    case, alive = put_away(bought()), bought()
    s, t = case.state, alive.state
    assert s.orders["o"] == s.orders.get("o") == t.orders["o"]
    assert s.payments["o/1"] == s.payments.get("o/1") == t.payments["o/1"]
    assert s.deliveries["o/1"] == s.deliveries.get("o/1") == t.deliveries["o/1"]
    capture = "o/1/capture"
    assert s.payments.instruction(capture) == t.payments.instruction(capture)
    assert s.payments.find_instruction(capture) == t.payments.instructions[capture]
    assert s.payments.refundable_minor("o/1") == t.payments.refundable_minor("o/1") > 0
    assert s.orders.of_customer == t.orders.of_customer
    assert s.orders.has_ordered("ann")
    assert s.deliveries.of_order == t.deliveries.of_order
    assert dict(s.orders.everything()) == dict(t.orders.everything())
    assert [*s.payments.everything()] == [*t.payments.everything()]


@pytest.mark.parametrize("what", ["orders", "payments", "deliveries"])
def test_what_never_was_is_not_in_the_archive_either(what):
    module = getattr(put_away(bought()).state, what)
    assert module.get("nothing") is None
    with pytest.raises(KeyError):
        module["nothing"]


def test_an_instruction_that_never_was_is_not_in_the_archive_either():
    payments = put_away(bought()).state.payments
    assert payments.find_instruction("o/1/refund") is None
    with pytest.raises(KeyError):
        payments.instruction("nothing")


def test_what_ended_later_waits_for_its_time_and_what_is_open_stays():
    case = in_stock()
    first_s = case.state.orders["o"].ended_at / SECOND
    second_s = another(case.at(first_s + HOUR // SECOND, c.Tick())).now_s
    cases.accepted(case.at(first_s + AFTER_S - 60, c.Tick()), "r")
    case.at(first_s + AFTER_S, c.Tick()).includes(e.OrdersArchived(["o"]))
    assert [*case.state.orders.orders] == ["p", "r"]
    case.at(second_s + AFTER_S, c.Tick()).includes(e.OrdersArchived(["p"]))
    case.at(second_s + 24 * HOUR // SECOND, c.Tick())
    assert [*case.state.orders.orders] == ["r"]


def test_with_nothing_left_to_put_away_nobody_looks_until_something_ends():
    case = put_away(bought())
    assert case.state.orders.archiving_at == 0
    seq = case.engine.seq
    case.at(case.now_s + 24 * HOUR // SECOND, c.Tick())
    assert not [x for x in case.records if x.seq > seq and isinstance(x.command, c.ArchiveOrders)]


def test_a_shorter_time_counts_from_when_it_is_set():
    case = bought()
    case.at(case.now_s + 60, c.ChangeSettings(Settings(archive_after_ms=30_000)))
    case.at(case.now_s + 29, c.Tick())
    assert sizes(case) == (1, 1, 1)
    case.at(case.now_s + 1, c.Tick()).includes(e.OrdersArchived(["o"]))


def test_goods_of_an_archived_order_come_back_and_its_payment_is_out_until_that_is_settled():
    case = agreed(put_away(in_stock()))
    assert sizes(case) == (0, 0, 0)
    case.at(case.now_s + 1, back(1)).includes(e.ChangeReceived)
    assert refund_of(case) == GOODS
    assert sizes(case) == (0, 1, 0)
    assert [*case.state.payments.instructions] == ["o/1/capture", "o/change/r"]
    payment = case.state.payments["o/1"]
    assert (payment.captured_minor, payment.refunded_minor) == (3 * GOODS + FEE, GOODS)
    put_away(another(case))
    assert "o/1" in case.state.payments.payments  # the refund is waited for
    put_away(another(case.at(case.now_s + 1, settled("o/change/r")), "q"))
    assert "o/1" in case.state.payments.archive
    assert case.state.payments["o/1"] == payment
    assert case.state.payments.find_instruction("o/change/r").status == "settled"


@pytest.mark.parametrize("succeeded", [True, False])
def test_an_archived_order_is_refunded_and_complained_of_like_any_other(succeeded):
    case = put_away(bought())
    case.at(case.now_s + 1, c.OpenComplaint("c", "ann", "quality", "o"))
    case.at(case.now_s + 1, c.ApproveRefund("c", 300, "eve"))
    case.at(case.now_s + 1, settled("o/complaint/c/1", succeeded=succeeded))
    assert case.state.payments["o/1"].refunded_minor == 300 * succeeded
    case.at(case.now_s + 1, c.RefundOrder("x", "o", 3 * GOODS + FEE, "cold", "eve"))
    if succeeded:
        case.rejects(Reason.EXCEEDS_CAPTURED, refundable_minor=3 * GOODS + FEE - 300)


def test_a_courier_fetches_what_was_bought_with_an_archived_order():
    case = put_away(bought())
    case.at(case.now_s + 1, preview(way=ReturnWay.COURIER))
    case.at(case.now_s + 1, c.ConfirmChange("r", "app")).includes(e.DeliveryCreated)
    assert sizes(case) == (0, 0, 1)


def test_after_the_time_for_returns_an_archived_order_is_refused_like_any_other():
    case = put_away(bought())
    ended_at = case.state.orders["o"].ended_at
    case.at((ended_at + 7 * DAY) / SECOND + 1, preview())
    case.rejects(Reason.RETURN_PERIOD_OVER, until_at=ended_at + 7 * DAY)


def test_an_archived_order_cannot_be_placed_or_cancelled_again():
    case = put_away(in_stock())
    case.at(case.now_s + 1, cases.quote("q-o2"))
    case.at(case.now_s + 1, c.PlaceOrder("o", "app", "q-o2", "cash", Proof.NONE))
    case.rejects(Reason.ALREADY_EXISTS)
    case.at(case.now_s + 1, cases.cancel(Actor.CUSTOMER, "changed_mind"))
    case.rejects(Reason.ILLEGAL_TRANSITION, **{"from": "fulfilled", "to": "cancelled"}, allowed=[])


def test_money_that_a_provider_holds_for_an_archived_order_is_let_go_when_it_says_so_late():
    case = cases.placed(cases.city(9))
    case.at(case.now_s + 5 * MINUTE // SECOND, c.Tick())  # nobody paid
    assert case.state.orders["o"].status == "cancelled"
    put_away(case)
    assert sizes(case) == (0, 1, 0)  # the provider may still say yes
    case.at(case.now_s + 1, c.ReportAuthorization("bank", "o/1", True, TOTAL, "late"))
    case.includes(e.PaymentAuthorized, e.InstructionIssued)


def test_a_thawed_engine_goes_on_as_if_it_had_never_been_frozen():
    case = put_away(bought())
    thawed = snapshot.load(snapshot.dump(case.engine))
    case.engine = thawed
    agreed(case).at(case.now_s + 1, back(1)).includes(e.ChangeReceived)


# the archive itself


def test_an_archive_keeps_everything_once_and_gives_back_what_was_put_in():
    deliveries = bought().state.deliveries
    [(key, delivery)] = deliveries.deliveries.items()
    archive, names = Archive(), [f"{key}-{n}" for n in range(3 * PACK + 5)]
    archive.put(dict.fromkeys(names, delivery))
    assert len(archive.packs) == 4
    assert [x for x, _ in archive.items()] == names
    taken = archive.take(names[40])
    assert names[40] not in archive
    assert archive.get(names[40]) is None
    assert len(archive) == len(names) - 1
    assert archive.get(names[41]) == taken
    with pytest.raises(AssertionError):
        archive.put({names[41]: delivery})
    archive.put({names[40]: delivery})
    assert archive.get(names[40]) == taken
    assert Deliveries(archive=archive)[names[-1]] == delivery
