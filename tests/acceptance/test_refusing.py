"""What comes back for what makes no sense: which field, which limit, and what is said first."""

from typing import get_args, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from engine import codec
from engine import commands as c
from engine.engine import Engine
from engine.rejections import RejectionReason as Reason
from engine.rules import bounds
from engine.settings import Segmentation, Settings
from engine.terms import Action, ActionKind, Conditions, Hours, PromotionTerms, SpecialDay
from engine.values import (
    Actor,
    Break,
    Channel,
    CouponId,
    CustomerId,
    Fulfillment,
    Instead,
    Job,
    Line,
    Millis,
    Minor,
    PaymentMethod,
    PricedLine,
    Proof,
    Purpose,
    Rescue,
    ReturnedLine,
    ReturnWay,
    Skill,
    Standing,
    StopKind,
    Tender,
    TillReceipt,
)
from geo.points import Point
from geo.travel import TravelModel, Vehicle
from geo.zones import Polygon
from tests import cases
from tests.cases import HOME, STORE_PLACE, city
from tests.spaces import folded, polygon

TENTH = PromotionTerms(
    "A tenth off", Conditions(), [Action(ActionKind.PERCENT, 100)], by_coupon=True
)
SENSIBLE = [  # one of each command from outside
    c.RegisterStore("s", "Noodles", STORE_PLACE, 600_000),
    c.OpenStore("store"),
    c.CloseStore("store"),
    c.SetStoreHours("store", [Hours(540, 1_020)], [SpecialDay(4, [])]),
    c.PauseStore("store", 9_000, "too_busy"),
    c.SetBusyMode("store", 1_500, 9_000),
    c.SetDeliveryArea("store", polygon([STORE_PLACE, HOME, Point(0, 0)])),
    c.ListProduct("tea", "Tea", "drinks", 1),
    c.DelistProduct("ramen"),
    c.SetPrice("store", "ramen", 900),
    c.WithdrawPrices("store", "ramen"),
    c.ListInStore("store", "ramen", [Hours(0, 60)]),
    c.DelistInStore("store", "ramen"),
    c.RegisterCustomer("bob"),
    c.DefineCategory("hot", "Hot drinks", ""),
    c.DefinePromotion("tenth", TENTH),
    c.EndPromotion("tenth"),
    c.IssueCoupons("SAVE", "tenth", ["ann"]),
    c.WithdrawCoupon("SAVE"),
    c.ReceiveStock("store", "ramen", 1),
    c.CountStock("store", "ramen", 1),
    c.SetSafetyStock("store", "ramen", 1),
    c.RecordSale("store", "ramen", 1),
    c.RecordReceipt("store", "till", "r1", [PricedLine("ramen", 1, 900)], Tender.CASH),
    c.ReconcileTill("store", "till", [TillReceipt("r2", 1, [PricedLine("ramen", 1, 900)], "card")]),
    c.RefundReceipt("store", "r1", "back1", [Line("ramen", 1)], True),
    c.AdjustStock("store", "ramen", -1, "damage", Actor.STORE, "torn"),
    c.QuarantineStock("store", "ramen", 1),
    c.RestoreStock("store", "ramen", 1),
    c.DiscardStock("store", "ramen", 1),
    c.RequestTransfer("t", "other", "store", [Line("ramen", 1)]),
    c.ApproveTransfer("t", "store"),
    c.DiscardTransfer("t", "store"),
    c.ShipTransfer("t", "store", [Line("ramen", 1)]),
    c.ReceiveTransfer("t", "store", [Line("ramen", 1)]),
    c.DraftPurchase("p", "store", "mill", [Line("ramen", 1)]),
    c.OrderPurchase("p", "store"),
    c.DiscardPurchase("p", "store"),
    c.ReceivePurchase("p", "store", [Line("ramen", 1)], True),
    c.DraftDuty("store", "d", "eve", Job.PICKER, 9_000, 99_000),
    c.DropDuty("store", "d"),
    c.PublishRoster("store"),
    c.ClockIn("store", "eve", Job.PICKER),
    c.StartBreak("store", "eve", True),
    c.EndBreak("store", "eve"),
    c.ClockOut("store", "eve"),
    c.RecordTimecard("store", "bob", Job.CASHIER, 1, 2, [Break(1, 2, True)], "forgot"),
    c.CorrectTimecard("store", "bob/2", 1, 2, "forgot"),
    c.SetReorderPoint("store", "ramen", 1, 2, 24, "mill"),
    c.RequestQuote("q", "app", "ann", "store", [Line("ramen", 1)], HOME),
    c.PlaceOrder("o", "app", "q", "bank", Proof.PIN, "42"),
    c.RenewProof("o", "app", "4242"),
    c.CancelOrder("o", Actor.CUSTOMER, "changed_mind", "app"),
    c.RequestRedelivery("o", "app"),
    c.EditLines("o", "app", [Line("ramen", 1)]),
    c.EditDropoff("o", "app", HOME),
    c.ChangeStore("store", "Noodles & more", HOME),
    c.ProposeSubstitute("store", "o", "ramen", 1, "tea", 1),
    c.AcceptSubstitute("o", "app", "ramen"),
    c.DeclineSubstitute("o", "app", "ramen"),
    c.PreviewChange("r", "o", [Line("ramen", 1)], "late", ReturnWay.STORE, "app"),
    c.ConfirmChange("r", "app"),
    c.WithdrawChange("r", "app"),
    c.FetchReturn("r", "app"),
    c.ReceiveChange("store", "r", [ReturnedLine("ramen", 1, 0)]),
    c.WaiveReturn("r", "ops"),
    c.AcceptOrder("store", "o", 9_000),
    c.RejectOrder("store", "o", "too_busy"),
    c.UpdateReadyTime("store", "o", 9_000),
    c.ReportReady("store", "o"),
    c.LabelOrder("store", "o", ["bag"]),
    c.ReportMissing("store", "o", "ramen", 1),
    c.ReceiveReturn("store", "o/1", True),
    c.ReportCollection("store", "o", "424242"),
    c.ReportAuthorization("bank", "o/1", True, 1_700, "ref"),
    c.ReportInstruction("bank", "o/1/capture", True, "ref"),
    c.RefundOrder("r", "o", 100, "cold"),
    c.EndorseRefund("r", "bea"),
    c.InstructAgain("r", "ann"),
    c.DeclineRefund("r", "bea", "too much"),
    c.AddTip("t", "o", "app", 100, "bank"),
    c.PayOtherwise("o", "app", "wechat"),
    c.HandInCash("h", "kim", 100),
    c.ResolveDifference("bank/day", 0, "looked at"),
    c.GroupOrders("g", ["o"]),
    c.DissolveGroup("g"),
    c.RegisterCourier("kim", Vehicle.SCOOTER, 12),
    c.ChangeCourier("kim", Vehicle.CAR, 9),
    c.PlanShift("kim", "mon", 10**7, 2 * 10**7),
    c.DropShift("kim", "mon"),
    c.StartShift("kim", 10**7),
    c.EndShift("kim"),
    c.TakeBreak("kim", 9_000),
    c.AcceptOffer("kim", "o/1"),
    c.DeclineOffer("kim", "o/1", "busy"),
    c.ReportArrival("kim", "o/1", StopKind.PICKUP),
    c.ReportPickup("kim", "o/1"),
    c.ReportDropoff("kim", "o/1", Proof.PIN, "42"),
    c.ReportFailure("kim", "o/1", "customer_absent"),
    c.ReportBreakdown("kim"),
    cases.positions((0, HOME, 1)),
    c.AssignDelivery("kim", "o/1", "asked for"),
    c.ChangeSettings(Settings()),
    c.SetConsent("ann", Purpose.MARKETING, True, "app"),
    c.SetStanding("ann", Standing.BLOCKED, "chargebacks"),
    c.ForgetCustomer("ann", "app"),
    c.SetSegmentation(Segmentation()),
    c.RecordInteraction("i", "ann", Channel.PHONE, "delivery", "o", "app"),
    c.OpenComplaint("c", "ann", "late", "o", "app"),
    c.AnswerComplaint("c", "app"),
    c.ApproveRefund("c", 100),
    c.CloseComplaint("c", "withdrawn", "app"),
    c.RateOrder("o", "app", 5, 5, ["fresh"], ["ramen"], []),
    c.LaunchCampaign("c", ["lost"], "p", "K", 100, 10**9),
    c.StopCampaign("c"),
]
NO_BOUNDS = (
    bool,
    PaymentMethod,
    Channel,
    Actor,
    Fulfillment,
    Proof,
    PaymentMethod,
    ReturnWay,
    list[ReturnedLine],
    StopKind,
    Vehicle,
    Settings,
    Purpose,
    Standing,
    Segmentation,
    PromotionTerms,
    Tender,
    list[TillReceipt],
    list[Hours],
    list[SpecialDay],
    Polygon | None,
    Job,
    list[Break],
    list[Rescue],
    list[Instead],
    list[Skill] | None,
)  # closed sets, and what has its own
HUGE = 2**63 - 1
SWAPPED = Point(1_160_000_000, 390_000_000)


def senseless(kind: object) -> list[tuple[object, dict[str, object]]]:
    """Values no command may carry, by the type of the field, and what is said about them."""
    id_limit, text_limit = {"limit": bounds.ID_CHARACTERS}, {"limit": bounds.TEXT_CHARACTERS}
    if kind is str:
        return [("x" * 1_001, text_limit)]
    if kind in (int, Minor, Millis):
        said: dict[object, dict[str, object]] = {
            int: {},
            Minor: {"limit": bounds.AMOUNT_MINOR},
            Millis: {"limit_at": bounds.TIME_MS},
        }
        return [(x, said[kind]) for x in (HUGE, -HUGE, 2**63, -(2**70))]
    if kind is Point:
        north = Point(900_000_001, 0)
        return [
            (north, {}),
            (Point(0, -1_800_000_001), {}),
            (SWAPPED, {"hint": "coordinates_swapped?"}),
        ]
    if kind == list[Line]:
        many = [Line("ramen", 1)] * (bounds.LINES + 1)
        bad = ([], [Line("", 1)], [Line("ramen", 0)], [Line("ramen", 2**63)], many)
        return [(x, {}) for x in bad]
    if kind in (list[CouponId], list[CustomerId]):
        return [(x, {}) for x in ([""], ["x" * 201], ["ann"] * (bounds.IDS + 1))]
    if getattr(kind, "__supertype__", None) is str:
        return [("", id_limit), ("x" * 201, id_limit)]
    return []


def required(kind: type) -> list[str]:
    """An id that may be left out may be empty: an operator cancels for nobody else."""
    return [x.name for x in structs.fields(kind) if x.required]


def fields():
    for command in SENSIBLE:
        hints = get_type_hints(type(command))
        for field in command.__struct_fields__:
            for value, detail in senseless(hints[field]):
                if value not in ("", []) or field in required(type(command)):
                    yield command, field, hints[field], value, detail


def test_every_command_from_outside_is_tried():
    assert {type(x) for x in SENSIBLE} == set(get_args(c.ExternalCommand))


def test_every_field_has_bounds_or_a_closed_set_of_values():
    for command in get_args(c.ExternalCommand):
        checked = bounds.Bounds(command).fields
        for name, kind in get_type_hints(command).items():
            has_own = kind in NO_BOUNDS or name == "batch" or name.startswith("__")
            assert (name in checked) != has_own, f"{command.__name__}.{name}"


@pytest.mark.parametrize(
    ("command", "field", "kind", "value", "detail"),
    [pytest.param(*x, id=f"{type(x[0]).__name__}.{x[1]}={str(x[3])[:20]}") for x in fields()],
)
def test_what_no_book_has_room_for_is_refused_by_its_field(command, field, kind, value, detail):
    engine = Engine()
    [record] = engine.step(0, structs.replace(command, **{field: value}))
    assert record.rejection.reason is Reason.MALFORMED
    assert record.rejection.detail["field"] == field
    assert record.rejection.detail.items() >= detail.items()
    if not isinstance(value, int) or abs(value) < 2**63:
        assert codec.decode(codec.encode(record)) == record


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_no_accepted_number_is_too_large_for_the_journal(data):
    """Whatever passes the bounds, however often: every record can be written and read."""
    engine = cases.city(5).engine
    number = st.sampled_from([0, 1, 5, 10**6, 10**9, 10**12, 10**14, 10**15, -1, -(10**14)])
    for _ in range(data.draw(st.integers(1, 12))):
        command = data.draw(st.sampled_from(SENSIBLE))
        hints = get_type_hints(type(command))
        numbers = {
            name: data.draw(number)
            for name in command.__struct_fields__
            if hints[name] in (int, Minor, Millis)
        }
        for record in engine.step(engine.now, structs.replace(command, **numbers)):
            assert codec.decode(codec.encode(record)) == record


def test_an_order_of_the_largest_numbers_can_be_written():
    case = city(settings=Settings(load_max=10**6, shift_max_ms=10**9)).at(0, c.EndShift("kim"))
    case.at(0, c.RegisterCourier("giant", Vehicle.CAR, 10**6)).at(0, c.StartShift("giant", 10**9))
    case.at(0, c.ReceiveStock("store", "ramen", 10**6)).at(0, c.SetPrice("store", "ramen", 10**12))
    case.at(1, cases.quote("q", Line("ramen", 10**6))).at(2, cases.place())
    for record in case.records:
        assert codec.decode(codec.encode(record)) == record
    assert case.state.orders["o"].due_minor > 10**18


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"planning_interval_ms": 0}, "planning_interval_ms"),
        ({"offer_timeout_ms": -1}, "offer_timeout_ms"),
        ({"courier_fee_minor": 2**63}, "courier_fee_minor"),
        ({"promise_min_ms": 10**8}, "promise_min_ms"),
        ({"currency": "cny"}, "currency"),
        ({"currency": "12A"}, "currency"),
        ({"travel": TravelModel(streets=folded())}, "streets"),  # are set on their own
        ({"currency": "EUR"}, "currency"),  # the books are in one currency for ever
    ],
)
def test_settings_nobody_can_run_with_are_refused(changes, field):
    city().at(1, c.ChangeSettings(Settings(**changes))).rejects(Reason.MALFORMED, field=field)


def test_an_engine_is_opened_once():
    city().at(1, c.OpenEngine(Settings())).rejects(Reason.ALREADY_EXISTS)
    [record] = Engine().step(0, c.OpenEngine(Settings(currency="")))
    assert record.rejection.detail == {"field": "currency"}


# which no comes first, when there are several


def everything_wrong() -> dict[str, tuple[list[c.AnyCommand], c.AnyCommand]]:
    """For each code: what makes it true (the earlier ones excepted), and what to ask for."""
    far = Point(HOME.lat_e7, HOME.lon_e7 + 9_000_000)
    quote = c.RequestQuote("q", "app", "ann", "store", [Line("ramen", 99)], far)
    return {
        "malformed": ([], structs.replace(quote, lines=[])),
        "already_exists": ([cases.quote("q")], quote),
        "unknown": ([], structs.replace(quote, customer="nobody")),
        "store_closed": ([c.CloseStore("store")], quote),
        "not_listed": ([c.DelistProduct("ramen")], quote),
        "no_price": ([], structs.replace(quote, lines=[Line("ramen", 99), Line("tea", 1)])),
        "out_of_area": ([], quote),
        "too_large": ([], structs.replace(quote, dropoff=HOME)),
        "insufficient_stock": ([], structs.replace(quote, dropoff=HOME, lines=[Line("ramen", 9)])),
        "no_capacity_now": ([], cases.quote("q")),
    }


def test_of_several_reasons_the_first_in_order_is_given():
    """Each case leaves all later reasons true, too."""
    wrong = everything_wrong()
    order = [x.value for x in Reason if x.value in wrong]
    assert order == list(wrong)
    for code, (before, command) in wrong.items():
        case = city(5).at(0, c.ListProduct("tea", "Tea", "drinks"))
        for step in before:
            case.at(1, step)
        if code == "already_exists":
            case.at(1, c.CloseStore("store"))
        case.at(2, c.EndShift("kim")).at(3, command)
        assert case.events[0].reason == code


def test_of_several_reasons_against_an_order_the_first_is_given():
    case = cases.placed(city(5)).at(9, cases.quote("used")).at(9, cases.place("p", "used"))
    case.at(9, cases.quote("old"))
    for step in (
        c.CloseStore("store"),
        c.DelistProduct("ramen"),
        c.SetSafetyStock("store", "ramen", 9),
    ):
        case.at(10, step)
    for second, command, code in (
        (10, cases.place("p", "used", Proof.PIN), Reason.MALFORMED),
        (10, cases.place("p", "used"), Reason.ALREADY_EXISTS),
        (10, cases.place("r", "nothing"), Reason.UNKNOWN),
        (400, cases.place("r", "used"), Reason.QUOTE_USED),
        (400, cases.place("r", "old"), Reason.QUOTE_EXPIRED),
    ):
        case.at(second, command)
        assert case.events[-1].reason is code
    case = city(1).at(1, cases.quote()).at(2, c.CloseStore("store")).at(2, c.DelistProduct("ramen"))
    case.at(2, c.RecordSale("store", "ramen", 1))
    case.at(3, cases.place()).rejects(Reason.STORE_CLOSED)
    case.at(3, c.OpenStore("store")).at(3, cases.place()).rejects(
        Reason.NOT_LISTED, product="ramen"
    )


def test_a_store_in_another_city_is_refused_with_how_far_it_is():
    """One engine, one city: swapped digits must not stop everybody's plans."""
    porto = Point.of_degrees(41.15, -8.61)
    case = city(1).at(1, c.RegisterStore("far", "Far", porto, 60_000))
    rejection = case.events[-1]
    assert rejection.reason is Reason.OUT_OF_AREA
    assert rejection.detail["limit_m"] == 100_000
    assert rejection.detail["distance_m"] > 100_000
