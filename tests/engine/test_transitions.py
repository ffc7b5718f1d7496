"""The whole matrix: from every status, everything that would move an order or what comes back.

What is legal does it; what is not is refused with the list of what would be.
"""

import pytest

from engine import commands as c
from engine import events as e
from engine.rejections import RejectionReason as Reason
from engine.state import deliveries, order_changes, orders
from engine.state.deliveries import Deliveries, DeliveryStatus
from engine.state.order_changes import ChangeStatus, OrderChange, OrderChanges
from engine.state.orders import Order, Orders, OrderStatus
from engine.values import HOUR, Actor, Fulfillment, Line, Proof, ReturnedLine, ReturnWay
from tests import cases
from tests.cases import GOODS, HOME, STORE_PLACE, Case, cancel, city, place, quote

B = OrderStatus
CODE = "314159"
COLLECTION = {"fulfillment": Fulfillment.COLLECTION}
LATER = {"window_from_at": 10 * HOUR, "window_to_at": 11 * HOUR}


def bought(case: Case | None = None, **how) -> Case:
    """Placed, to be delivered or collected, now or later."""
    case, code = case or city(2), CODE if "fulfillment" in how else ""
    case.at(case.now_s + 1, quote("q", **how))
    return case.at(case.now_s + 1, place("o", "q", Proof.PIN if code else Proof.NONE, code))


def paid(**how) -> Case:
    case = bought(**how)
    return case.at(case.now_s + 1, cases.paid("o", case.state.orders["o"].due_minor))


def accepted(**how) -> Case:
    case = paid(**how)
    return case.at(case.now_s + 1, c.AcceptOrder("store", "o", case.engine.now + 600_000))


def ready(**how) -> Case:
    case = accepted(**how)
    return case.at(case.now_s + 1, c.ReportReady("store", "o"))


def collected() -> Case:
    case = ready(**COLLECTION)
    return case.at(case.now_s + 1, c.ReportCollection("store", "o", CODE))


def cancelled(**how) -> Case:
    case = bought(**how)
    return case.at(case.now_s + 1, cancel(Actor.CUSTOMER, "changed_mind"))


def returned() -> Case:
    case = cases.returning()
    return case.at(case.now_s + 1, c.ReceiveReturn("store", "o/1", True))


STAGES = {
    ("delivery", B.PLACED): bought,
    ("delivery", B.SCHEDULED): lambda: paid(**LATER),
    ("delivery", B.CONFIRMED): paid,
    ("delivery", B.ACCEPTED): accepted,
    ("delivery", B.READY): ready,
    ("delivery", B.HANDED_OVER): cases.on_board,
    ("delivery", B.FULFILLED): cases.delivered,
    ("delivery", B.CANCELLED): cancelled,
    ("delivery", B.RETURNED): returned,
    ("collection", B.PLACED): lambda: bought(**COLLECTION),
    ("collection", B.SCHEDULED): lambda: paid(**COLLECTION, **LATER),
    ("collection", B.CONFIRMED): lambda: paid(**COLLECTION),
    ("collection", B.ACCEPTED): lambda: accepted(**COLLECTION),
    ("collection", B.READY): lambda: ready(**COLLECTION),
    ("collection", B.FULFILLED): collected,
    ("collection", B.CANCELLED): lambda: cancelled(**COLLECTION),
}
# What is said, and what it makes of an order that has come so far; from anywhere else it is
# refused. "same": it stays as it is, and something else happens.
SAID: dict[str, tuple[c.AnyCommand, dict[OrderStatus, str]]] = {
    "accept": (c.AcceptOrder("store", "o", 10**6), {B.CONFIRMED: B.ACCEPTED}),
    "ready": (c.ReportReady("store", "o"), {B.ACCEPTED: B.READY}),
    "ready time": (c.UpdateReadyTime("store", "o", 10**6), {B.ACCEPTED: "same"}),
    "reject": (
        c.RejectOrder("store", "o", "closing"),
        dict.fromkeys((B.SCHEDULED, B.CONFIRMED, B.ACCEPTED, B.READY), B.CANCELLED),
    ),
    "cancel": (
        cancel(Actor.CUSTOMER, "changed_mind"),
        {
            **dict.fromkeys(orders.HOLDS_STOCK, B.CANCELLED),
            B.HANDED_OVER: "same",  # it is recalled
        },
    ),
    "write off": (
        cancel(Actor.OPERATOR, "goods_lost"),
        {B.HANDED_OVER: B.CANCELLED, **dict.fromkeys(orders.HOLDS_STOCK, "reason")},
    ),
    "missing": (
        c.ReportMissing("store", "o", "ramen", 1),
        dict.fromkeys((B.CONFIRMED, B.ACCEPTED, B.READY), B.CANCELLED),  # nothing is left
    ),
    "edit": (
        c.EditLines("o", "app", [Line("ramen", 2)]),
        dict.fromkeys((B.SCHEDULED, B.CONFIRMED), "same"),
    ),
    "another door": (
        c.EditDropoff("o", "app", STORE_PLACE),
        dict.fromkeys((B.SCHEDULED, B.CONFIRMED), "same"),
    ),
    "redeliver": (c.RequestRedelivery("o", "app"), {}),
    "return": (
        c.PreviewChange("r", "o", [Line("ramen", 1)], "late", ReturnWay.STORE, "app"),
        {B.FULFILLED: "same"},
    ),
}
COLLECTED = {"collect": (c.ReportCollection("store", "o", CODE), {B.READY: B.FULFILLED})}


LEGAL = {  # said once more, by hand
    "placed": "scheduled confirmed cancelled",
    "scheduled": "confirmed cancelled",
    "confirmed": "accepted cancelled",
    "accepted": "ready handed_over cancelled",
    "ready": "handed_over cancelled",
    "handed_over": "fulfilled returned cancelled ready",
    "fulfilled": "",
    "cancelled": "",
    "returned": "",
}
NEVER_COLLECTED = (("accepted", "handed_over"), ("handed_over", "ready"))


def test_every_status_there_is_has_a_stage():
    reached = {status for _, status in STAGES}
    assert reached == set(OrderStatus)
    for (way, status), build in STAGES.items():
        order = build().state.orders["o"]
        assert (order.placed.fulfillment.value, order.status) == (way, status)


@pytest.mark.parametrize("said", [*SAID, *COLLECTED])
@pytest.mark.parametrize(("way", "status"), STAGES, ids=lambda x: str(x))
def test_from_every_status_what_is_legal_is_done_and_the_rest_is_refused(way, status, said):
    command, becomes = {**SAID, **COLLECTED}[said]
    if way == "collection" and said in ("another door", "write off"):
        return  # refused for what it is, not for when
    case = STAGES[way, status]()
    order = case.state.orders["o"]
    case.at(case.now_s + 1, command)
    refused = next((x for x in case.events if isinstance(x, e.CommandRejected)), None)
    to = becomes.get(status)
    if way == "delivery" and said == "collect":
        to = None
    if to is None:
        assert refused is not None, case.events
        assert refused.reason is Reason.ILLEGAL_TRANSITION
        assert refused.detail["from"] == status
        assert set(refused.detail["allowed"]) <= {str(x) for x in order.next_statuses}
        assert refused.detail["to"] not in refused.detail["allowed"]
    elif to == "reason":
        assert refused.reason is Reason.REASON_NOT_ALLOWED
    else:
        assert refused is None
        assert order.status == (status if to == "same" else to)


@pytest.mark.parametrize("to", OrderStatus, ids=str)
@pytest.mark.parametrize("fulfillment", Fulfillment, ids=str)
@pytest.mark.parametrize("status", OrderStatus, ids=str)
def test_an_order_moves_only_along_its_table(status, fulfillment, to):
    """The one line that moves it, over all pairs: whatever a handler may do wrong."""
    placed = case_placed(fulfillment)
    known = Orders({"o": Order(placed, [], 0, status)})
    never = NEVER_COLLECTED if fulfillment is Fulfillment.COLLECTION else ()
    is_legal = to in LEGAL[status].split() and (status, to) not in never
    assert (to in known["o"].next_statuses) is is_legal
    if is_legal:
        assert known._move("o", to).status is to
    else:
        with pytest.raises(AssertionError):
            known._move("o", to)


@pytest.mark.parametrize("to", DeliveryStatus, ids=str)
@pytest.mark.parametrize("is_return", [True, False])
@pytest.mark.parametrize("status", DeliveryStatus, ids=str)
def test_a_delivery_moves_only_along_its_table(status, is_return, to):
    delivery = deliveries.Delivery("o", 1, "store", STORE_PLACE, HOME, 1, status)
    delivery.is_return = is_return
    known = Deliveries({"o/1": delivery})
    if to in delivery.next_statuses:
        assert known._move("o/1", to).status is to
    else:
        with pytest.raises(AssertionError):
            known._move("o/1", to)


@pytest.mark.parametrize("to", ChangeStatus, ids=str)
@pytest.mark.parametrize("status", ChangeStatus, ids=str)
def test_a_change_moves_only_along_its_table(status, to):
    change = OrderChange("o", "app", "store", [], "late", ReturnWay.STORE, 0, 0, 0, 1, 0, status)
    known = OrderChanges({"r": change})
    if to in order_changes.TRANSITIONS[status]:
        assert known._move("r", to).status is to
    else:
        with pytest.raises(AssertionError):
            known._move("r", to)


CHANGES = {  # what is said of a return, and what it makes of one that has come so far
    "confirm": (c.ConfirmChange("r", "app"), {"previewed": "confirmed"}),
    "withdraw": (c.WithdrawChange("r", "app"), {"confirmed": "closed"}),
    "fetch": (c.FetchReturn("r", "app"), {"confirmed": "confirmed"}),
    "receive": (
        c.ReceiveChange("store", "r", [ReturnedLine("ramen", 1, 0)]),
        {"confirmed": "received"},
    ),
    "waive": (c.WaiveReturn("r", "ops"), {"confirmed": "received"}),
}


def change_at(status: str) -> Case:
    case = cases.delivered()
    case.at(case.now_s + 1, cases.settled("o/1/capture"))
    wish = c.PreviewChange("r", "o", [Line("ramen", 1)], "unwanted", ReturnWay.STORE, "app")
    case.at(case.now_s + 1, wish)
    if status != "previewed":
        case.at(case.now_s + 1, c.ConfirmChange("r", "app"))
    if status == "received":
        case.at(case.now_s + 1, CHANGES["receive"][0])
    elif status == "closed":
        case.at(case.now_s + 1, c.WithdrawChange("r", "app"))
    return case


@pytest.mark.parametrize("said", CHANGES)
@pytest.mark.parametrize("status", ["previewed", "confirmed", "received", "closed"])
def test_what_comes_back_goes_its_way_and_no_other(status, said):
    command, becomes = CHANGES[said]
    case = change_at(status)
    change = case.state.order_changes["r"]
    case.at(case.now_s + 1, command)
    if status in becomes:
        assert change.status == becomes[status]
    else:
        [refused] = case.events
        assert refused.reason is Reason.ILLEGAL_TRANSITION
        assert refused.detail["from"] == status
        allowed = [str(x) for x in order_changes.TRANSITIONS[ChangeStatus(status)]]
        assert refused.detail["allowed"] == allowed


def case_placed(fulfillment: Fulfillment) -> e.OrderPlaced:
    how = COLLECTION if fulfillment is Fulfillment.COLLECTION else {}
    placed = bought(**how).state.orders["o"].placed
    assert placed.total_minor >= GOODS
    return placed
