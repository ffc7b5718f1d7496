"""Goods on their way to stores: between two of them, and from suppliers."""

import pytest

from engine import commands as c
from engine import events as e
from engine.rejections import RejectionReason as Reason
from engine.values import MINUTE, Actor, Line, ReceivedLine
from gateway import messages as m
from geo.points import Point
from tests import cases
from tests.cases import city
from tests.serving import live, party, serving, small_city, until

BRANCH_PLACE = Point(390_100_000, 1_160_000_000)
T, P = "t1", "p1"


def two_stores(stock: int = 9):
    return city(stock).at(0, c.RegisterStore("branch", "Branch", BRANCH_PLACE, 10 * MINUTE))


def ask(pieces: int = 4, **more) -> c.RequestTransfer:
    wanted = {"source": "store", "destination": "branch", **more}
    return c.RequestTransfer(T, lines=[Line("ramen", pieces)], **wanted)


def requested(pieces: int = 4, stock: int = 9):
    return two_stores(stock).at(1, ask(pieces)).emits(e.TransferRequested)


def shipped(pieces: int = 4):
    return requested(pieces).at(2, c.ShipTransfer(T, "store")).includes(e.TransferShipped)


def buckets(case, store: str = "store"):
    x = case.state.inventory.get(store, "ramen")
    return (x.on_hand, x.incoming) if x else None


def illegal(now: str, to: str, *allowed: str) -> dict:
    return {"from": now, "to": to, "allowed": list(allowed)}


# between stores


def test_what_is_shipped_is_received_or_lost():
    case = shipped().emits(
        e.TransferShipped(T, [Line("ramen", 4)], 2_000),
        e.StockShipped("store", "branch", T, [Line("ramen", 4)]),
    )
    assert (buckets(case), buckets(case, "branch")) == ((5, 0), (0, 4))
    case.at(3, c.ReceiveTransfer(T, "branch", [Line("ramen", 1)])).emits(
        e.TransferReceived(T, [Line("ramen", 3)], [Line("ramen", 1)], 3_000),
        e.StockArrived("branch", T, [Line("ramen", 3)], [Line("ramen", 1)]),
    )
    assert (buckets(case), buckets(case, "branch")) == ((5, 0), (3, 0))
    level = case.state.inventory.get("branch", "ramen")
    assert (level.arrived, level.lost) == (3, 1)


def test_less_may_be_shipped_than_was_asked_for_and_never_more():
    case = requested().at(2, c.ShipTransfer(T, "store", [Line("ramen", 5)]))
    case.rejects(Reason.MALFORMED, field="lines", product="ramen", limit=4)
    case.at(3, c.ShipTransfer(T, "store", [Line("ramen", 3)])).includes(e.StockShipped)
    case.at(4, c.ReceiveTransfer(T, "branch", [Line("ramen", 4)]))
    case.rejects(Reason.MALFORMED, field="lines", product="ramen", limit=3)
    case.at(5, c.ReceiveTransfer(T, "branch")).includes(e.TransferReceived)
    assert buckets(case, "branch") == (3, 0)


def test_everything_may_be_lost_on_the_way():
    case = shipped().at(3, c.ReceiveTransfer(T, "branch", [Line("ramen", 4)]))
    case.emits(e.TransferReceived(T, [], [Line("ramen", 4)], 3_000), e.StockArrived)
    assert buckets(case, "branch") == (0, 0)


def test_what_is_not_available_is_not_promised_to_another_store():
    case = two_stores(4).at(0, c.SetSafetyStock("store", "ramen", 1)).at(1, ask(4))
    case.rejects(Reason.INSUFFICIENT_STOCK, product="ramen", available=3)


def test_what_customers_took_meanwhile_is_not_shipped():
    case = cases.placed(requested(9), pieces=2)
    case.at(case.now_s + 1, c.ShipTransfer(T, "store"))
    case.rejects(Reason.INSUFFICIENT_STOCK, product="ramen", available=7)
    case.at(case.now_s + 1, c.ShipTransfer(T, "store", [Line("ramen", 7)])).includes(e.StockShipped)


def test_a_transfer_goes_its_way_and_no_other():
    case = requested().at(2, c.ReceiveTransfer(T, "branch"))
    case.rejects(
        Reason.ILLEGAL_TRANSITION, **illegal("requested", "received", "shipped", "discarded")
    )
    case.at(3, c.ApproveTransfer(T, "branch"))
    case.rejects(
        Reason.ILLEGAL_TRANSITION, **illegal("requested", "requested", "shipped", "discarded")
    )
    case.at(4, c.ShipTransfer(T, "store")).at(5, c.ShipTransfer(T, "store"))
    case.rejects(Reason.ILLEGAL_TRANSITION, **illegal("shipped", "shipped", "received"))
    case.at(6, c.DiscardTransfer(T, "store"))
    case.rejects(Reason.ILLEGAL_TRANSITION, **illegal("shipped", "discarded", "received"))
    case.at(7, c.ReceiveTransfer(T, "branch")).at(8, c.ReceiveTransfer(T, "branch"))
    case.rejects(Reason.ILLEGAL_TRANSITION, **illegal("received", "received"))


@pytest.mark.parametrize(
    ("store", "actor"), [("store", Actor.STORE), ("branch", Actor.STORE), ("", Actor.OPERATOR)]
)
def test_either_side_or_an_operator_may_call_it_off_before_it_is_shipped(store, actor):
    case = requested().at(2, c.DiscardTransfer(T, store))
    case.emits(e.TransferDiscarded(T, actor, 2_000))
    case.at(3, c.ShipTransfer(T, "store"))
    case.rejects(Reason.ILLEGAL_TRANSITION, **illegal("discarded", "shipped"))


def test_a_transfer_is_nobody_elses_business():
    case = requested().at(1, c.RegisterStore("third", "Third", BRANCH_PLACE, 0))
    for command in (
        c.ShipTransfer(T, "branch"),
        c.ReceiveTransfer(T, "store"),
        c.DiscardTransfer(T, "third"),
        c.ApproveTransfer(T, "store"),
    ):
        case.at(2, command).rejects(Reason.UNKNOWN, what="transfer", id=T)
    case.at(3, ask()).rejects(Reason.ALREADY_EXISTS)


def test_a_transfer_has_two_stores_and_known_goods():
    case = two_stores()
    case.at(1, ask(destination="store")).rejects(Reason.MALFORMED, field="source")
    case.at(1, ask(source="moon")).rejects(Reason.UNKNOWN, what="store", id="moon")
    case.at(1, ask(destination="moon")).rejects(Reason.UNKNOWN, what="store", id="moon")
    gold = c.RequestTransfer(T, "store", "branch", [Line("gold", 1)])
    case.at(1, gold).rejects(Reason.UNKNOWN, what="product", id="gold")


# from suppliers


def drafted(pieces: int = 10):
    draft = c.DraftPurchase(P, "store", "mill", [Line("ramen", pieces)])
    case = city(2).at(0, c.ListProduct("tea", "Tea", "drinks")).at(1, draft)
    return case.emits(e.PurchaseDrafted(P, "store", "mill", [Line("ramen", pieces)], 1_000))


def ordered(pieces: int = 10):
    return drafted(pieces).at(2, c.OrderPurchase(P, "store")).includes(e.PurchaseOrdered)


def receive(*lines: Line, last: bool = False) -> c.ReceivePurchase:
    return c.ReceivePurchase(P, "store", list(lines), last)


def test_what_is_ordered_is_incoming_until_it_arrives_in_parts():
    case = ordered().emits(
        e.PurchaseOrdered(P, 2_000), e.StockExpected("store", P, [Line("ramen", 10)])
    )
    assert buckets(case) == (2, 10)
    case.at(3, receive(Line("ramen", 6))).emits(
        e.StockReceived("store", "ramen", 6, P, 6), e.PurchaseReceived(P, [Line("ramen", 6)], 3_000)
    )
    assert buckets(case) == (8, 4)
    case.at(4, receive(Line("ramen", 4))).emits(
        e.StockReceived, e.PurchaseReceived, e.PurchaseClosed(P, [], 4_000)
    )
    assert buckets(case) == (12, 0)
    case.at(5, receive(Line("ramen", 1)))
    case.rejects(Reason.ILLEGAL_TRANSITION, **illegal("closed", "closed"))


def test_what_does_not_come_is_booked_as_a_difference():
    case = ordered().at(3, receive(Line("ramen", 7), last=True))
    case.emits(
        e.StockReceived("store", "ramen", 7, P, 7),
        e.PurchaseReceived,
        e.StockNotComing("store", P, [Line("ramen", 3)]),
        e.PurchaseClosed(P, [ReceivedLine("ramen", 10, 7)], 3_000),
    )
    assert buckets(case) == (9, 0)


def test_what_comes_too_many_or_unasked_is_booked_as_a_difference():
    case = ordered().at(3, receive(Line("ramen", 12), Line("tea", 1)))
    found = [ReceivedLine("ramen", 10, 12), ReceivedLine("tea", 0, 1)]
    case.includes(e.StockReceived("store", "ramen", 12, P, 10), e.PurchaseClosed(P, found, 3_000))
    assert buckets(case) == (14, 0)
    assert case.available("tea") == 1


def test_a_supplier_may_bring_nothing_at_all():
    case = ordered().at(3, receive()).rejects(Reason.MALFORMED, field="lines")
    case.at(4, receive(last=True)).emits(e.StockNotComing, e.PurchaseClosed)
    assert buckets(case) == (2, 0)


def test_a_purchase_goes_its_way_and_no_other():
    case = drafted().at(2, receive(Line("ramen", 1)))
    case.rejects(Reason.ILLEGAL_TRANSITION, **illegal("draft", "closed", "ordered", "discarded"))
    case.at(3, c.DiscardPurchase(P)).emits(e.PurchaseDiscarded(P, Actor.OPERATOR, 3_000))
    case.at(4, c.OrderPurchase(P)).rejects(
        Reason.ILLEGAL_TRANSITION, **illegal("discarded", "ordered")
    )
    case = ordered().at(3, c.DiscardPurchase(P, "store"))
    case.rejects(Reason.ILLEGAL_TRANSITION, **illegal("ordered", "discarded", "closed"))


def test_a_purchase_is_its_stores_and_of_known_goods():
    case = drafted()
    for command in (c.OrderPurchase(P, "moon"), c.ReceivePurchase(P, "moon", [Line("ramen", 1)])):
        case.at(2, command).rejects(Reason.UNKNOWN, what="purchase", id=P)
    case.at(2, c.DraftPurchase(P, "store", "mill", [Line("ramen", 1)]))
    case.rejects(Reason.ALREADY_EXISTS)
    case.at(2, c.DraftPurchase("p2", "store", "mill", [Line("gold", 1)]))
    case.rejects(Reason.UNKNOWN, what="product", id="gold")
    case.at(2, c.DraftPurchase("p2", "moon", "mill", [Line("ramen", 1)]))
    case.rejects(Reason.UNKNOWN, what="store", id="moon")


# over the gateway


@live
async def test_both_stores_hear_of_a_transfer_and_of_their_own_shelves_only(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city_:
        branch = party(app, "store", "s2")
        branch.start()
        await branch.ready()
        await city_.operator.request(m.RegisterStore("s2", "Branch", m.Place(39.0, 116.02), 600))
        here, there = city_.store.subscribe("stock"), branch.subscribe("stock")
        for feed in (here, there):
            await anext(aiter(feed))
        lines = [m.Line("ramen", 5)]
        await branch.request(m.RequestTransfer("t1", "s1", lines))
        [open_] = (await city_.store.request(m.ListSupply())).transfers
        assert (open_.status, open_.destination) == ("requested", "s2")
        await city_.store.request(m.ShipTransfer("t1"))
        await branch.request(m.ReceiveTransfer("t1", [m.Line("ramen", 2)]))
        for feed, causes in ((here, ["shipped"]), (there, ["on_its_way", "arrived", "lost"])):
            heard = []
            await until(feed, lambda x: getattr(x.body, "status", "") == "received", heard)
            steps = [x.body.status for x in heard if isinstance(x.body, m.Transfer)]
            assert steps == ["requested", "shipped", "received"]
            assert heard[-1].body.lost == [m.Line("ramen", 2)]
            # what a shelf did is told after what was done, within the turn
            seen = [x.body.cause for x in heard if isinstance(x.body, m.StockMoved)]
            assert seen == causes[: len(seen)]
        assert (await branch.request(m.ListSupply())).transfers == []
        [shelf] = (await branch.request(m.ListStock())).products
        assert (shelf.on_hand, shelf.incoming) == (3, 0)
        await branch.request(m.DraftPurchase("p1", "mill", lines))
        await city_.operator.request(m.OrderPurchase("p1"))
        [purchase] = (await city_.operator.request(m.InspectSupply("s2"))).purchases
        assert purchase.lines == [m.ReceivedLine("ramen", 5, 0)]
        await branch.request(m.ReceivePurchase("p1", lines))
        assert (await branch.request(m.ListSupply())).purchases == []
        await branch.close()
