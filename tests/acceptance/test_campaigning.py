"""Campaigns: a coupon for who allows it, a group without, and an honest account of both."""

from random import Random

import pytest
from msgspec import structs

from engine import commands as c
from engine import events as e
from engine import snapshot
from engine import terms as t
from engine.handlers import campaigning
from engine.rejections import RejectionReason as Reason
from engine.rules.experimenting import difference, is_held_out
from engine.rules.segmentation import NAMES
from engine.values import DAY, SECOND, Line, Purpose, Standing
from tests import cases
from tests.cases import FOR_WEEKS, HOME, Case, city

DAY_S = DAY // SECOND
MARKETING = Purpose.MARKETING
TERMS = t.PromotionTerms(
    "come back", t.Conditions(), [t.Action(t.ActionKind.PERCENT, 100)], by_coupon=True
)
EVERYBODY = list(NAMES)


def crowd(size: int = 12, *, consent: bool = True) -> Case:
    """So many customers who bought once, c0, c1, ...; ann is one who never did."""
    case = city(10**4, settings=FOR_WEEKS).at(0, c.DefinePromotion("p", TERMS))
    for n in range(size):
        key = f"c{n}"
        case.at(case.now_s, c.RegisterCustomer(key))
        if consent:
            case.at(case.now_s, c.SetConsent(key, MARKETING, True))
        bought(case, f"first-{n}", key)
    return case


def bought(case: Case, order: str, customer: str, coupons: tuple[str, ...] = ()) -> Case:
    """By the shortest way to the door."""
    now = case.now_s
    lines = [Line("ramen", 1)]
    case.at(
        now, c.RequestQuote(f"q-{order}", "app", customer, "store", lines, HOME, coupons=[*coupons])
    )
    case.at(now, c.PlaceOrder(order, "app", f"q-{order}", "bank"))
    case.at(now, cases.paid(order, case.state.orders[order].due_minor))
    case.at(now, c.AcceptOrder("store", order, case.engine.now))
    case.at(now, c.AssignDelivery("kim", f"{order}/1", "x")).at(
        now, c.AcceptOffer("kim", f"{order}/1")
    )
    case.at(now, c.ReportPickup("kim", f"{order}/1"))
    return case.at(now, c.ReportDropoff("kim", f"{order}/1"))


def launch(holdout: int = 0, segments=None, days: int = 7, at_s: float = 0, **more):
    until = int((at_s + days * DAY_S) * SECOND)
    return c.LaunchCampaign("spring", segments or EVERYBODY, "p", "K", holdout, until, **more)


def launched(case: Case, holdout: int = 0, **more) -> Case:
    case.at(case.now_s + 1, launch(holdout, at_s=case.now_s + 1, **more))
    return case.at(case.now_s + 60, c.Tick())


def campaign(case):
    return case.state.campaigns["spring"]


def given(case) -> list[str]:
    coupon = case.state.promotions.coupon("K")
    return list(coupon.customers) if coupon else []


def held_out(case) -> list[str]:
    return [k for k, x in campaign(case).members.items() if x.is_held_out]


# who gets it


def test_everybody_in_the_segment_who_allows_it_gets_the_coupon_and_nobody_else():
    case = crowd(4).at(50_000, c.SetConsent("c1", MARKETING, False))
    case.at(50_000, c.SetStanding("c2", Standing.BLOCKED, "fraud"))
    case.at(50_000, c.SetConsent("ann", MARKETING, True))  # who never bought is in no segment
    launched(case)
    assert given(case) == ["c0", "c3"]
    assert not campaign(case).is_issuing
    assert launched(crowd(3), segments=["lost"]).state.promotions.coupon("K") is None


def test_whoever_has_used_the_promotion_up_gets_no_coupon_and_is_not_held_out():
    """It would be refused with `coupon_used`, and spoil what the groups are compared by."""
    case = crowd(6)
    once = structs.replace(TERMS, limit_per_customer=1)
    case.at(case.now_s, c.DefinePromotion("p", once))
    case.at(case.now_s, c.IssueCoupons("EARLY", "p", ["c1", "c4"]))
    bought(case, "early", "c4", ("EARLY",))
    assert given(launched(case)) == ["c0", "c1", "c2", "c3", "c5"]
    newcomers = crowd(6)
    welcome = structs.replace(TERMS, conditions=t.Conditions(first_order=True))
    newcomers.at(newcomers.now_s, c.DefinePromotion("p", welcome))
    assert given(launched(newcomers)) == []
    half = crowd(6)
    half.at(half.now_s, c.DefinePromotion("p", structs.replace(TERMS, limit=1)))
    half.at(half.now_s, c.IssueCoupons("EARLY", "p", ["c4"]))
    bought(half, "early", "c4", ("EARLY",))
    assert given(launched(half, holdout=500)) == held_out(half) == []


def test_without_consent_nobody_is_reached():
    case = launched(crowd(3, consent=False))
    assert given(case) == []
    assert campaign(case).members == {}


def test_coupons_are_issued_a_few_at_a_time(monkeypatch):
    monkeypatch.setattr(campaigning, "AT_ONCE", 5)
    case = crowd(12)
    before = len(case.records)
    launched(case)
    told = [(r.at, x) for r in case.records[before:] for x in r.events]
    issued = [(at, len(x.customers)) for at, x in told if isinstance(x, e.CouponsIssued)]
    assert [n for _, n in issued] == [4, 5, 3]  # ann is number 0
    assert issued[1][0] - issued[0][0] == campaigning.BETWEEN_MS
    assert given(case) == [f"c{n}" for n in range(12)]


def test_who_is_held_out_never_receives_the_coupon_and_would_have():
    case = launched(crowd(40), holdout=300)
    aside = held_out(case)
    assert set(aside).isdisjoint(given(case))
    assert sorted([*aside, *given(case)]) == sorted(f"c{n}" for n in range(40))
    assert 5 <= len(aside) <= 20
    terms = campaign(case).launched
    same = {"from_at": terms.from_at, "until_at": terms.until_at}
    for more in (c.IssueCoupons("K", "p", aside[:1], **same), c.IssueCoupons("K", "p", [])):
        case.at(case.now_s, more).rejects(Reason.ALREADY_EXISTS)
    ask = c.RequestQuote("q", "app", aside[0], "store", [Line("ramen", 1)], HOME, coupons=["K"])
    case.at(case.now_s, ask).rejects(Reason.UNKNOWN, what="coupon", id="K")


def test_a_campaign_of_which_nothing_but_the_holdout_is_left_gives_everybody_nothing():
    """A coupon issued for nobody would be for everybody."""
    number = next(n for n in range(1, 99) if is_held_out(n, 1, 900))
    case = crowd(number)
    for n in range(number - 1):
        case.at(case.now_s, c.SetConsent(f"c{n}", MARKETING, False))
    launched(case, holdout=900)
    assert held_out(case) == [f"c{number - 1}"]
    assert case.state.promotions.coupon("K") is None


def test_other_campaigns_hold_out_other_customers_and_about_as_many_as_said():
    for permille in (50, 200, 500):
        aside = [[n for n in range(20_000) if is_held_out(n, k, permille)] for k in (1, 2)]
        for found in aside:
            assert abs(len(found) - 20 * permille) < 6 * (20 * permille) ** 0.5
        both = set(aside[0]) & set(aside[1])
        expected = 20_000 * permille**2 / 10**6
        assert abs(len(both) - expected) < 6 * expected**0.5


# what it changed


def test_what_both_groups_buy_is_counted_and_the_coupon_only_where_it_was_used():
    case = launched(crowd(20), holdout=300)
    treated, aside = given(case), held_out(case)
    case.at(case.now_s, c.EndShift("kim")).at(
        case.now_s, c.StartShift("kim", case.engine.now + 10**9)
    )
    bought(case, "a", treated[0], ("K",))
    bought(case, "b", treated[0])
    bought(case, "c", treated[1])
    bought(case, "d", aside[0])
    bought(case, "e", "ann")  # takes no part
    with_it, without = campaign(case).treated, campaign(case).held_out
    assert (with_it.members, without.members) == (len(treated), len(aside))
    assert (with_it.buyers, with_it.orders, with_it.redeemed) == (2, 3, 1)
    assert (without.buyers, without.orders, without.redeemed) == (1, 1, 0)
    assert with_it.off_minor == cases.GOODS // 10
    assert with_it.spent_minor == 3 * cases.TOTAL - cases.GOODS // 10


def test_what_was_ordered_before_the_coupon_or_after_its_end_does_not_count():
    case = crowd(3)
    quote = c.RequestQuote("q", "app", "c0", "store", [Line("ramen", 1)], HOME)
    case.at(case.now_s, quote).at(case.now_s, c.PlaceOrder("early", "app", "q", "bank"))
    launched(case, days=1)
    now = case.now_s
    case.at(now, cases.paid("early")).at(now, c.AcceptOrder("store", "early", case.engine.now))
    case.at(now, c.AssignDelivery("kim", "early/1", "x")).at(now, c.AcceptOffer("kim", "early/1"))
    case.at(now, c.ReportPickup("kim", "early/1")).at(now, c.ReportDropoff("kim", "early/1"))
    assert campaign(case).treated.orders == 0
    case.at(now + DAY_S, c.EndShift("kim")).at(
        now + DAY_S, c.StartShift("kim", case.engine.now + 10**9)
    )
    bought(case, "late", "c1")
    assert campaign(case).treated.orders == 0
    case.at(case.now_s + DAY_S, c.Tick())
    assert campaign(case).ended_at
    assert case.state.campaigns.running == {}


def test_who_stops_a_campaign_withdraws_its_coupons():
    case = launched(crowd(3))
    case.at(case.now_s, c.StopCampaign("spring")).emits(e.CampaignEnded, e.CouponWithdrawn("K"))
    case.at(case.now_s, c.StopCampaign("spring")).rejects(Reason.ALREADY_EXISTS)
    ask = c.RequestQuote("q", "app", "c0", "store", [Line("ramen", 1)], HOME, coupons=["K"])
    case.at(case.now_s, ask).rejects(Reason.UNKNOWN, what="coupon", id="K")
    case.at(case.now_s + 9 * DAY_S, c.Tick())  # its timers find nothing to do
    case.at(case.now_s, c.StopCampaign("nothing")).rejects(
        Reason.UNKNOWN, what="campaign", id="nothing"
    )


@pytest.mark.parametrize("ending", [c.EndPromotion("p"), c.WithdrawCoupon("K")])
def test_who_ends_the_promotion_or_withdraws_the_coupon_stops_the_issuing(monkeypatch, ending):
    monkeypatch.setattr(campaigning, "AT_ONCE", 4)
    case = crowd(12)
    case.at(case.now_s + 1, launch(at_s=case.now_s + 1)).at(case.now_s + 0.1, ending)
    case.at(case.now_s + 60, c.Tick())
    assert len(given(case)) == 3
    assert not campaign(case).is_issuing


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"segments": ["vip"]}, Reason.MALFORMED),
        ({"holdout": 901}, Reason.MALFORMED),
        ({"holdout": -1}, Reason.MALFORMED),
        ({"days": 0}, Reason.MALFORMED),
        ({"days": 400}, Reason.MALFORMED),
        ({"limit_per_customer": -1}, Reason.MALFORMED),
    ],
)
def test_a_campaign_that_makes_no_sense_is_refused(wrong, reason):
    case = crowd(1)
    case.at(case.now_s, launch(at_s=case.now_s, **wrong))
    assert case.events[0].reason is reason


def test_a_campaign_has_a_coupon_of_its_own_of_a_promotion_that_needs_one():
    case = crowd(1).at(50_000, c.IssueCoupons("K", "p", []))
    case.at(50_000, launch(at_s=50_000)).rejects(Reason.ALREADY_EXISTS)
    case = crowd(1)
    case.at(50_000, c.DefinePromotion("p", t.PromotionTerms("x", t.Conditions(), TERMS.actions)))
    case.at(50_000, launch(at_s=50_000)).rejects(Reason.MALFORMED, field="promotion")
    case.at(50_000, c.EndPromotion("p")).at(50_000, launch(at_s=50_000)).rejects(
        Reason.UNKNOWN, what="promotion", id="p"
    )


def test_what_is_derived_of_campaigns_is_the_same_after_a_snapshot():
    case = launched(crowd(20), holdout=300)
    live, kept = case.state.campaigns, snapshot.load(snapshot.dump(case.engine)).state.campaigns
    assert kept.running == live.running
    assert kept.of_coupon == live.of_coupon == {"K": "spring"}


# what the difference says


@pytest.mark.parametrize(
    ("figures", "expected"),
    [  # R. G. Newcombe, Statistics in Medicine 17 (1998), table II, method 10
        ((56, 70, 48, 80), (200, 52, 334)),
        ((9, 10, 3, 10), (600, 171, 809)),
        ((6, 7, 2, 7), (571, 58, 806)),
        ((5, 56, 0, 29), (89, -38, 193)),
        ((0, 10, 0, 20), (0, -161, 278)),
        ((10, 10, 0, 20), (1000, 679, 1000)),
    ],
)
def test_the_interval_is_the_published_one(figures, expected):
    assert difference(*figures) == expected


def test_without_a_group_to_compare_with_nothing_is_said():
    assert difference(1, 2, 0, 0) is None
    assert difference(0, 0, 1, 2) is None


def test_the_interval_holds_what_a_campaign_really_changed():
    """Three in ten buy anyway, one more in ten because of the coupon; 95 % of intervals say so."""
    rng, held = Random(7), 0
    for number in range(1, 201):
        groups = {False: [0, 0], True: [0, 0]}  # buyers and members, by whether they are held out
        for customer in range(1_500):
            aside = is_held_out(customer, number, 250)
            groups[aside][0] += rng.random() < (0.3 if aside else 0.4)
            groups[aside][1] += 1
        found = difference(*groups[False], *groups[True])
        held += found.low <= 100 <= found.high
    assert 182 <= held <= 198
