"""Some goods may be carried only by who has what it takes: nobody else is promised, told or given
them, and a refusal says what is missing."""

import pytest

from engine import commands as c
from engine import events as e
from engine import snapshot
from engine.rejections import RejectionReason as Reason
from engine.settings import Settings
from engine.values import HOUR, MINUTE, Fulfillment, Instead, Line, Proof, Rescue, ReturnWay
from geo.travel import Vehicle
from tests import cases
from tests.acceptance.test_editing import lines
from tests.cases import Case, city, place, quote, there

COLD, AGE = "cold_box", "age_check"
AWAY = {"retry_after_s": 60}
ICE, WINE = Line("ice", 1), Line("wine", 1)


def shop(couriers: tuple[str, ...] = ("kim", "lee"), settings: Settings | None = None) -> Case:
    """Besides ramen there is ice, which asks for a cold box, and wine. Kim and Lee have neither."""
    case = city(99, couriers, settings=settings)
    for name, skill in (("ice", COLD), ("wine", AGE)):
        case.at(0, c.ListProduct(name, name, "food", skills=[skill]))
        case.at(0, c.SetPrice("store", name, 500)).at(0, c.ReceiveStock("store", name, 99))
    return case


def joined(case: Case, name: str, *skills: str, capacity: int = 12) -> Case:
    case.at(case.now_s, c.RegisterCourier(name, Vehicle.SCOOTER, capacity, list(skills)))
    return case.at(case.now_s, c.StartShift(name, 10 * HOUR))


def ordered(case: Case, *wanted: Line, order: str = "o") -> Case:
    """Paid for, and waiting for the store to accept it."""
    case.at(case.now_s + 1, quote(f"q-{order}", *wanted)).includes(e.QuoteOffered)
    case.at(case.now_s + 1, place(order, f"q-{order}")).includes(e.OrderPlaced)
    return case.at(case.now_s + 1, cases.paid(order, case.state.orders[order].due_minor))


def waiting(case: Case, *wanted: Line, order: str = "o") -> Case:
    """For a courier."""
    case = ordered(case, *wanted, order=order)
    ready_at = case.engine.now + 10 * MINUTE
    return case.at(case.now_s + 1, c.AcceptOrder("store", order, ready_at))


# what it takes


def test_a_delivery_asks_for_all_that_its_lines_ask_for():
    case = joined(shop(), "max", COLD, AGE)
    case = waiting(case, Line("ramen", 2), WINE, ICE)
    assert case.state.quotes.get("q-o").offered.skills == [AGE, COLD]
    assert case.delivery().skills == [AGE, COLD]
    case = waiting(case, Line("ramen", 1), order="p")
    assert case.delivery("p").skills == []


def test_a_bundle_asks_for_what_is_in_it_and_for_nothing_of_its_own():
    case = joined(shop(), "max", COLD)
    own = c.ListProduct("box", "Box", "menus", 1, [ICE, Line("ramen", 1)], [AGE])
    case.at(1, own).rejects(Reason.MALFORMED, field="skills")
    case.at(1, c.ListProduct("box", "Box", "menus", 1, [ICE, Line("ramen", 1)]))
    case.at(1, c.SetPrice("store", "box", 900)).at(2, quote("q", Line("box", 2)))
    assert case.state.quotes.get("q").offered.skills == [COLD]


def test_what_is_sold_already_asks_for_what_it_asked_for_then():
    case = waiting(joined(shop(), "max", COLD), ICE)
    case.at(9, c.ListProduct("ice", "ice", "food", skills=[COLD, AGE]))
    case.at(9, c.AssignDelivery("max", "o/1", "has a box")).includes(e.DeliveryOffered)


@pytest.mark.parametrize("skills", [[COLD, COLD], ["x" * 41], [f"s{n}" for n in range(21)]])
def test_skills_are_named_once_each_and_are_few(skills):
    case = shop().at(1, c.EndShift("kim"))
    for command in (
        c.ListProduct("tea", "Tea", "food", skills=skills),
        c.RegisterCourier("max", Vehicle.CAR, 9, skills),
        c.ChangeCourier("kim", Vehicle.CAR, 9, skills),
    ):
        case.at(2, command).rejects(Reason.MALFORMED, field="skills")


# who may


def test_a_courier_learns_at_home_and_keeps_what_is_not_spoken_of():
    case = waiting(joined(shop(("kim",)), "max", COLD), ICE)
    case.at(case.now_s, c.AssignDelivery("kim", "o/1", "near")).rejects(
        Reason.SKILL_MISSING, skills=[COLD]
    )
    case.at(case.now_s, c.ChangeCourier("kim", Vehicle.CAR, 9, [COLD])).rejects(Reason.AT_WORK)
    case.at(case.now_s, c.EndShift("kim")).at(
        case.now_s, c.ChangeCourier("kim", Vehicle.CAR, 9, [COLD, AGE])
    )
    case.emits(e.CourierChanged("kim", Vehicle.CAR, 9, [AGE, COLD]))
    case.at(case.now_s, c.ChangeCourier("kim", Vehicle.WALK, 8))
    case.emits(e.CourierChanged("kim", Vehicle.WALK, 8, [AGE, COLD]))
    case.at(case.now_s, c.StartShift("kim", 10 * HOUR))
    case.at(case.now_s, c.AssignDelivery("kim", "o/1", "near")).includes(e.DeliveryOffered)
    case.at(case.now_s, c.EndShift("kim")).at(
        case.now_s, c.ChangeCourier("kim", Vehicle.CAR, 9, [])
    )
    case.at(case.now_s, c.StartShift("kim", 10 * HOUR))
    case.at(case.now_s, c.AssignDelivery("kim", "o/1", "near")).rejects(
        Reason.SKILL_MISSING, skills=[COLD]
    )


def test_a_plan_for_who_has_not_what_it_takes_is_skipped():
    case = waiting(joined(shop(), "max", COLD), ICE).until_planning()
    case.plan(case.now_s + 1, {"kim": there()}).includes(
        e.RouteSkipped("kim", Reason.SKILL_MISSING)
    )
    assert case.delivery().courier is None
    case.until_planning().plan(case.now_s + 1, {"max": there()}, ("o/1",))
    case.includes(e.DeliveryOffered)


def test_what_is_stranded_is_rescued_by_somebody_who_may_carry_it():
    case = waiting(joined(shop(), "max", COLD), ICE)
    case.at(case.now_s, c.AssignDelivery("max", "o/1", "x")).at(
        case.now_s, c.AcceptOffer("max", "o/1")
    )
    case.at(case.now_s, c.ReportPickup("max", "o/1")).at(case.now_s, c.ReportBreakdown("max"))
    case.includes(e.DeliveryStranded)
    case.at(case.now_s, c.AssignDelivery("kim", "o/1", "x")).rejects(
        Reason.SKILL_MISSING, skills=[COLD]
    )
    joined(case, "sun", COLD).at(case.now_s, c.AssignDelivery("sun", "o/1", "x"))
    case.includes(e.DeliveryOffered)


def test_what_is_fetched_at_the_door_asks_for_the_same():
    case = waiting(joined(shop(), "max", COLD), Line("ramen", 1), ICE)
    case.at(case.now_s, c.AssignDelivery("max", "o/1", "x")).at(
        case.now_s, c.AcceptOffer("max", "o/1")
    )
    case.at(case.now_s, c.ReportPickup("max", "o/1")).at(case.now_s, c.ReportDropoff("max", "o/1"))
    at = case.now_s
    for name, what in (("r", ICE), ("s", Line("ramen", 1))):
        case.at(at, c.PreviewChange(name, "o", [what], "unwanted", ReturnWay.COURIER, "app"))
        case.at(at, c.ConfirmChange(name, "app")).includes(e.DeliveryCreated)
    legs = case.state.deliveries
    assert [legs[f"o/return/{x}/1"].skills for x in "rs"] == [[COLD], []]


# what is promised


def test_nobody_is_promised_what_nobody_at_work_may_carry():
    case = shop().at(1, quote("q", Line("ramen", 1), ICE))
    case.rejects(Reason.SKILL_MISSING, skills=[COLD], **AWAY)
    joined(case, "max", COLD).at(2, quote("q", ICE)).emits(e.QuoteOffered)
    case.at(3, c.EndShift("max")).at(3, place("o", "q"))
    case.rejects(Reason.SKILL_MISSING, skills=[COLD], **AWAY)
    case.at(4, c.StartShift("max", 10 * HOUR)).at(4, place("o", "q")).includes(e.OrderPlaced)


def test_where_each_skill_is_there_and_nobody_has_both_both_are_said_to_be_missing():
    case = joined(joined(shop(), "max", COLD), "sun", AGE)
    case.at(1, quote("q", ICE, WINE)).rejects(Reason.SKILL_MISSING, skills=[AGE, COLD], **AWAY)
    case.at(1, c.EndShift("sun"))
    case.at(2, quote("q", ICE, WINE)).rejects(Reason.SKILL_MISSING, skills=[AGE], **AWAY)


def test_where_nobody_is_at_work_skills_are_not_what_is_missing():
    shop(()).at(1, quote("q", ICE)).rejects(Reason.NO_CAPACITY_NOW, **AWAY)


def test_who_may_carry_it_has_to_be_able_to_carry_so_much():
    case = joined(shop(), "max", COLD, capacity=2)
    case.at(1, quote("q", Line("ice", 3))).rejects(Reason.NO_CAPACITY_NOW, **AWAY)
    case.at(1, quote("q", Line("ice", 2))).emits(e.QuoteOffered)


def test_one_cold_box_among_ten_couriers_is_promised_as_often_as_it_can_be_kept():
    """Also of orders no store has accepted yet; the others go on selling."""
    case = joined(shop(tuple(f"k{n}" for n in range(9))), "max", COLD)
    for n in range(8):
        case.at(1, quote(f"q{n}", ICE)).emits(e.QuoteOffered)
    answers = []
    for n in range(8):
        case.at(2, place(f"o{n}", f"q{n}"))
        answers.append(getattr(case.events[0], "reason", "placed"))
    limit = Settings().open_deliveries_per_courier
    assert answers == ["placed"] * limit + [Reason.NO_CAPACITY_NOW] * 2
    case.at(3, quote("more", ICE)).rejects(Reason.NO_CAPACITY_NOW, **AWAY)
    case.at(3, quote("r")).emits(e.QuoteOffered)
    thawed = snapshot.load(snapshot.dump(case.engine)).state
    assert thawed.orders.undispatched_with == {(COLD,): limit}


def test_the_more_waits_for_the_cold_box_the_later_it_comes_and_the_rest_as_soon_as_ever():
    plenty = Settings(open_deliveries_per_courier=50)
    case = joined(shop(tuple(f"k{n}" for n in range(9)), plenty), "max", COLD)
    for n in range(12):
        waiting(case, ICE, order=f"o{n}")
    case.at(case.now_s, quote("q", ICE))
    cold_ms = case.events[0].promised_ms
    case.at(case.now_s, quote("r"))
    assert cold_ms > case.events[0].promised_ms + 5 * MINUTE


def test_for_later_somebody_has_to_have_signed_up_who_may_carry_it():
    later = {"window_from_at": 3 * HOUR, "window_to_at": 4 * HOUR}
    case = shop().at(1, quote("q", ICE, **later)).rejects(Reason.SKILL_MISSING, skills=[COLD])
    joined(case, "max", COLD).at(1, c.EndShift("max"))
    case.at(2, quote("q", ICE, **later)).emits(e.QuoteOffered)


def test_who_collects_it_himself_needs_no_courier():
    case = shop().at(1, quote("q", ICE, fulfillment=Fulfillment.COLLECTION))
    case.at(2, place("o", "q", Proof.PIN, "123456")).includes(e.OrderPlaced)
    assert case.state.orders["o"].placed.skills == []


# what changes afterwards


def test_an_edit_asks_for_more_only_where_somebody_has_it():
    case = ordered(shop(), Line("ramen", 1))
    more = lines(("ramen", 1), ("ice", 1))
    case.at(9, more).rejects(Reason.SKILL_MISSING, skills=[COLD])
    joined(case, "max", COLD).at(9, more).includes(e.EditRequested)
    case.at(10, c.ReportAuthorization("bank", "o/2", True, case.state.payments["o/2"].amount_minor))
    assert case.state.orders["o"].placed.skills == [COLD]
    assert case.state.orders.undispatched_with == {(COLD,): 1}
    case.at(11, lines(("ramen", 1))).includes(e.OrderEdited)
    assert case.state.orders.undispatched_with == {}
    case.at(12, c.AcceptOrder("store", "o", case.engine.now))
    assert case.delivery().skills == []


def test_a_substitute_is_nothing_that_the_courier_could_not_carry():
    case = waiting(shop(), Line("ramen", 2))
    offer = c.ProposeSubstitute("store", "o", "ramen", 1, "ice", 1)
    case.at(case.now_s, offer).rejects(Reason.SKILL_MISSING, skills=[COLD])
    case = waiting(joined(shop(), "max", COLD), Line("ramen", 2), ICE)
    case.at(case.now_s, c.ListProduct("sorbet", "Sorbet", "food", skills=[COLD]))
    case.at(case.now_s, c.SetPrice("store", "sorbet", 300)).at(
        case.now_s, c.ReceiveStock("store", "sorbet", 3)
    )
    offer = c.ProposeSubstitute("store", "o", "ramen", 1, "sorbet", 1)
    case.at(case.now_s, offer).includes(e.SubstituteProposed)


def test_what_was_named_instead_and_asks_for_more_is_passed_over():
    case = shop()
    case.at(1, quote("q", Line("ramen", 2)))
    named = {"if_missing": [Rescue.SUBSTITUTE], "instead": [Instead("ramen", "ice")]}
    case.at(2, c.PlaceOrder("o", "app", "q", "bank", **named))
    case.at(3, cases.paid("o", case.state.orders["o"].due_minor))
    case.at(4, c.AcceptOrder("store", "o", case.engine.now + MINUTE))
    case.at(5, c.ReportMissing("store", "o", "ramen", 1))
    case.includes(e.ShortageRemedied("o", "ramen", 1, Rescue.GO_WITHOUT))


def test_another_store_is_asked_only_while_somebody_could_bring_it_from_there():
    for couriers, moves in ((("max",), True), ((), False)):
        case = joined(shop(), "max", COLD)
        case.at(0, c.RegisterStore("other", "Other", cases.ROAD, 8 * MINUTE))
        case.at(0, c.SetPrice("other", "ice", 500)).at(0, c.ReceiveStock("other", "ice", 5))
        case.at(1, quote("q", ICE))
        elsewhere = {"if_missing": [Rescue.OTHER_STORE, Rescue.CANCEL]}
        case.at(2, c.PlaceOrder("o", "app", "q", "bank", **elsewhere))
        case.at(3, cases.paid("o", case.state.orders["o"].due_minor))
        if not couriers:
            case.at(3, c.EndShift("max"))
        case.at(4, c.RejectOrder("store", "o", "too_busy"))
        case.includes(e.OrderMoved if moves else e.OrderCancelled)
