"""What customers who come themselves would tell you: the code, the counter, and who never came."""

import pytest

from engine import commands as c
from engine import events as e
from engine.rejections import RejectionReason as Reason
from engine.settings import Settings
from engine.values import HOUR, MINUTE, Actor, Fulfillment, InstructionKind, Line, Posting, Proof
from tests import cases
from tests.cases import GOODS, STORE_PLACE, Case, city, paid, place, quote

CODE = "314159"
COLLECTION = Fulfillment.COLLECTION


def bought(case: Case | None = None, order: str = "o", pieces: int = 1) -> Case:
    """Paid for, and to be collected."""
    case = case or city(pieces, couriers=())
    case.at(case.now_s + 1, quote(f"q-{order}", Line("ramen", pieces), fulfillment=COLLECTION))
    case.at(case.now_s + 1, place(order, f"q-{order}", Proof.PIN, CODE)).includes(e.OrderPlaced)
    return case.at(case.now_s + 1, paid(order, case.state.orders[order].due_minor))


def accepted(case: Case | None = None, order: str = "o", **more) -> Case:
    case = bought(case, order, **more)
    case.at(case.now_s + 1, c.AcceptOrder("store", order, case.engine.now + 10 * MINUTE))
    return case.emits(e.OrderAccepted)  # and no delivery is created


def ready(case: Case | None = None, order: str = "o", **more) -> Case:
    case = accepted(case, order, **more)
    return case.at(case.now_s + 600, c.ReportReady("store", order)).includes(e.OrderReady)


def comes(code: str = CODE, order: str = "o") -> c.ReportCollection:
    return c.ReportCollection("store", order, code)


def test_what_is_collected_needs_no_courier_no_door_and_no_delivery_fee():
    case = city(1, couriers=())
    case.at(1, quote()).rejects(Reason.NO_CAPACITY_NOW, retry_after_s=60)
    anywhere = c.RequestQuote(
        "q", "app", "ann", "store", [Line("ramen", 1)], STORE_PLACE, COLLECTION
    )
    case.at(1, anywhere).emits(e.QuoteOffered)
    [offered] = case.events
    assert (offered.delivery_fee_minor, offered.total_minor) == (0, GOODS)
    assert offered.dropoff == STORE_PLACE
    assert offered.promised_ms == 15 * MINUTE  # estimate, and twice its mean deviation


def test_no_promise_is_shorter_than_a_minute():
    case = city(1, couriers=()).at(0, c.RegisterStore("bar", "Bar", STORE_PLACE, 0))
    case.at(0, c.SetPrice("bar", "ramen", GOODS)).at(0, c.ReceiveStock("bar", "ramen", 1))
    case.at(1, quote(store="bar", fulfillment=COLLECTION)).emits(e.QuoteOffered)
    assert case.events[0].promised_ms == MINUTE


def test_the_order_goes_from_the_counter_to_whoever_has_the_code():
    case = ready()
    assert case.state.inventory.get("store", "ramen").reserved == 1
    case.at(case.now_s + 60, comes()).emits(
        e.OrderHandedOver("o"),
        e.StockIssued("store", "o", [Line("ramen", 1)]),
        e.OrderFulfilled("o", case.engine.now),
        e.InstructionIssued("o/1/capture", "o/1", InstructionKind.CAPTURE, GOODS, "delivered"),
        e.LedgerPosted(
            "o", "delivered", [Posting("provider:bank", GOODS), Posting("store:store", -GOODS)]
        ),
    )
    assert not case.state.deliveries.deliveries
    case.at(case.now_s + 1, comes()).rejects(
        Reason.ILLEGAL_TRANSITION, **{"from": "fulfilled", "to": "handed_over"}, allowed=[]
    )


@pytest.mark.parametrize(
    ("proof", "pin"), [(Proof.NONE, ""), (Proof.PHOTO, ""), (Proof.PIN, "31415")]
)
def test_a_collection_needs_a_code_nobody_guesses(proof, pin):
    case = city(1).at(1, quote(fulfillment=COLLECTION))
    case.at(2, place("o", "q", proof, pin)).rejects(Reason.PROOF_REQUIRED, proof="pin", at_least=6)
    case.at(3, place("o", "q", Proof.PIN, CODE)).includes(e.OrderPlaced)


def test_wrong_codes_are_counted_until_a_new_one_is_set():
    case = ready(city(1, settings=Settings(proof_tries_max=2)))
    case.at(case.now_s + 1, comes("000000")).emits(
        e.CommandRejected(Reason.PROOF_MISMATCH, {"tries_left": 1}), e.ProofMissed("o", 1)
    )
    case.at(case.now_s + 1, comes("000001")).includes(e.ProofMissed("o", 2))
    case.at(case.now_s + 1, comes()).rejects(Reason.PROOF_LOCKED)
    case.at(case.now_s + 1, c.RenewProof("o", "app", "12345"))
    case.rejects(Reason.PROOF_REQUIRED, proof="pin", at_least=6)
    case.at(case.now_s + 1, c.RenewProof("o", "other", "271828"))
    case.rejects(Reason.UNKNOWN, what="order", id="o")
    case.at(case.now_s + 1, c.RenewProof("o", "app", "271828")).emits(e.ProofRenewed("o", "271828"))
    case.at(case.now_s + 1, comes("271828")).includes(e.OrderFulfilled)
    case.at(case.now_s + 1, c.RenewProof("o", "app", "999999")).rejects(
        Reason.ILLEGAL_TRANSITION, **{"from": "fulfilled", "to": "renewed"}, allowed=[]
    )


def test_a_code_is_renewed_only_where_one_was_agreed_on():
    case = cases.confirmed(proof=Proof.PHOTO)
    case.at(9, c.RenewProof("o", "app", CODE)).rejects(Reason.MALFORMED, field="pin")
    case.at(9, c.RenewProof("o", "app", "")).rejects(Reason.MALFORMED, field="pin")


def test_only_its_own_store_hands_it_over_and_only_when_it_is_ready():
    case = accepted().at(500, c.ReportCollection("other", "o", CODE))
    case.rejects(Reason.UNKNOWN, what="order", id="o")
    case.at(501, comes()).rejects(
        Reason.ILLEGAL_TRANSITION,
        **{"from": "accepted", "to": "handed_over"},
        allowed=["ready", "cancelled"],
    )
    carried = cases.accepted()
    carried.at(500, c.ReportReady("store", "o")).at(501, comes()).rejects(
        Reason.ILLEGAL_TRANSITION,
        **{"from": "ready", "to": "handed_over"},
        allowed=["cancelled"],
    )


def test_who_never_comes_pays_a_fee_and_the_goods_are_free_again():
    case = ready()
    promised_at = case.state.orders["o"].placed.promised_at
    assert case.engine.now < promised_at  # it was ready sooner: the promise counts
    expires_s = (promised_at + 2 * HOUR) / 1_000
    case.at(expires_s - 0.001, c.Tick()).emits()
    case.at(expires_s, c.Tick())
    fee = GOODS // 5
    case.emits(
        e.OrderCancelled("o", Actor.SYSTEM, "not_collected", case.engine.now),
        e.StockReleased("store", "o", [Line("ramen", 1)]),
        e.InstructionIssued("o/1/capture", "o/1", InstructionKind.CAPTURE, fee, "not_collected"),
        e.LedgerPosted(
            "o", "not_collected", [Posting("provider:bank", fee), Posting("store:store", -fee)]
        ),
    )
    assert case.available() == 1
    case.at(expires_s + 1, comes()).rejects(
        Reason.ILLEGAL_TRANSITION, **{"from": "cancelled", "to": "handed_over"}, allowed=[]
    )


def test_a_late_order_waits_as_long_from_when_it_was_ready():
    case = accepted()
    case.at(7_000, c.ReportReady("store", "o"))
    case.at(7_000 + 7_199, c.Tick()).emits()
    case.at(7_000 + 7_200, c.Tick()).includes(e.OrderCancelled)


def test_without_a_fee_the_money_of_who_never_came_is_let_go():
    case = ready(city(1, settings=Settings(no_show_fee_permille=0)))
    case.at(case.now_s + 3 * 3_600, c.Tick())
    case.includes(e.OrderCancelled, e.StockReleased)
    [issued] = [x for x in case.events if isinstance(x, e.InstructionIssued)]
    assert issued.kind is InstructionKind.VOID


def test_a_fee_above_the_whole_is_no_setting():
    case = city().at(1, c.ChangeSettings(Settings(no_show_fee_permille=1_001)))
    case.rejects(Reason.MALFORMED, field="no_show_fee_permille")


def test_what_is_missing_at_the_counter_is_not_paid_for():
    case = ready(pieces=3)
    case.at(case.now_s + 1, c.ReportMissing("store", "o", "ramen", 1)).includes(e.OrderReduced)
    case.at(case.now_s + 1, comes()).includes(e.StockIssued("store", "o", [Line("ramen", 2)]))
    assert case.state.payments["o/1"].captured_minor == 2 * GOODS


def test_a_customer_may_change_his_mind_until_he_has_it():
    case = ready().at(900, cases.cancel(Actor.CUSTOMER, "changed_mind"))
    case.includes(e.OrderCancelled, e.StockReleased)
    [issued] = [x for x in case.events if isinstance(x, e.InstructionIssued)]
    assert issued.kind is InstructionKind.VOID
