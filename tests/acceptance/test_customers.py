"""Customers: what they allow and bought, what kind that makes them, and that they are forgotten."""

from collections import Counter
from itertools import product

import pytest

from engine import commands as c
from engine import events as e
from engine import snapshot
from engine.engine import Engine
from engine.handlers import segmenting
from engine.rejections import RejectionReason as Reason
from engine.rules.segmentation import NAMES, OTHERS, Scores, scores_of, segment_of
from engine.settings import Segmentation
from engine.values import DAY, SECOND, Line, Purpose, Standing
from tests import cases
from tests.cases import HOME, city, place, quote
from tests.days.random_days import RandomDay

DAY_S = DAY // SECOND
MARKETING = Purpose.MARKETING
MINE, RIVALS = "app", "rival"


def bought(orders: int = 1) -> cases.Case:
    """Ann has bought ramen so many times."""
    case = city(orders)
    for n in range(orders):
        cases.delivered(case, f"o{n}")
    return case


def ann(case):
    return case.state.customers["ann"]


def of_somebody(customer: str = "bob") -> cases.Case:
    """A customer of one service, who is nobody else's."""
    return city(9).at(0, c.RegisterCustomer(customer, MINE))


def ask(name: str, service: str, customer: str = "bob") -> c.RequestQuote:
    return c.RequestQuote(name, service, customer, "store", [Line("ramen", 1)], HOME)


# what kind of customer


def test_a_first_purchase_makes_a_new_customer():
    case = bought()
    bought_at = case.engine.now
    case.includes(
        e.CustomerPurchased("ann", "o0", cases.TOTAL, bought_at),
        e.CustomerSegmented("ann", ["new_customers"], 5, 1, 1),
        e.ReviewPlanned("ann", bought_at + 8 * DAY),
    )
    assert (ann(case).purchases, ann(case).spent_minor) == (1, cases.TOTAL)
    assert ann(case).first_at == ann(case).last_at == bought_at
    assert case.state.customers.sizes == {"new_customers": 1}


def test_what_was_cancelled_was_not_bought():
    case = cases.confirmed().at(9, cases.cancel("operator", "fraud"))
    assert ann(case).purchases == 0
    assert ann(case).segments == []


def test_who_stays_away_is_lost_step_by_step_and_to_the_millisecond():
    case = bought()
    last = case.engine.now
    seen = []
    for days in (8, 15, 31, 61):
        case.at(last / SECOND + days * DAY_S - 0.001, c.Tick())
        seen.append(ann(case).segments)
        case.at(last / SECOND + days * DAY_S, c.Tick())
        seen.append(ann(case).segments)
    new, sleepy, lost = ["new_customers"], ["about_to_sleep"], ["lost"]
    assert seen == [new, new, new, sleepy, sleepy, sleepy, sleepy, lost]
    assert case.state.timers.next_due() is None  # there is nothing left to fall


def test_who_comes_back_is_judged_by_the_last_purchase_and_one_timer_is_enough():
    case = bought()
    first = case.engine.now
    case.at(first / SECOND + 7 * DAY_S, c.ReceiveStock("store", "ramen", 1))
    case.at(case.now_s, c.EndShift("kim")).at(
        case.now_s, c.StartShift("kim", case.engine.now + DAY)
    )
    assert ann(case).review_at == first + 8 * DAY
    cases.delivered(case, "again")
    again = case.engine.now
    assert ann(case).review_at == first + 8 * DAY  # too early, and therefore never too late
    reviews = [x for x in case.state.timers.commands.values() if type(x) is c.ReviewCustomer]
    assert reviews == [c.ReviewCustomer("ann")]
    case.at(first / SECOND + 8 * DAY_S, c.Tick())
    assert ann(case).review_at == again + 8 * DAY


def test_segments_are_what_a_batch_over_all_history_gives_after_every_record():
    """An account of its own, from the events alone, at the time of each record."""
    checked = 0
    for seed in range(6):
        chaos = RandomDay(seed)
        bought: dict[str, list[e.CustomerPurchased]] = {}
        paid: dict[str, int] = {}  # by order, in money and for the bargain
        refunds: dict[str, tuple[str, int]] = {}
        back: Counter[str] = Counter()
        order_of: dict[str, str] = {}
        customers = chaos.engine.state.customers
        for phase in (chaos.records(400), chaos.heal()):
            for record in phase:
                for event in record.events:
                    if isinstance(event, e.CustomerPurchased):
                        bought.setdefault(event.customer, []).append(event)
                        paid[event.order] = event.amount_minor
                    elif isinstance(event, e.PaymentRequested) and event.purpose != "tip":
                        order_of[event.payment] = event.order
                    elif isinstance(event, e.InstructionIssued) and event.kind == "refund":
                        if "/rest" not in event.instruction and event.payment in order_of:
                            refunds[event.instruction] = event.payment, event.amount_minor
                    elif isinstance(event, e.InstructionSettled) and event.instruction in refunds:
                        payment, amount = refunds[event.instruction]
                        back[order_of[payment]] += amount
                    elif isinstance(event, e.CustomerForgotten):
                        bought.pop(event.customer, None)
                for key, purchases in bought.items():
                    if customers[key].judged_by == customers.rule:
                        since = record.at - purchases[-1].at
                        spent = sum(max(0, paid[x.order] - back[x.order]) for x in purchases)
                        assert customers[key].spent_minor == spent, (seed, record)
                        scores = scores_of(customers.segmentation, since, len(purchases), spent)
                        assert customers[key].segments == [segment_of(scores)], (seed, record)
                        checked += 1
    assert checked > 300


def test_another_rule_judges_everybody_again_a_few_at_a_time(monkeypatch):
    monkeypatch.setattr(segmenting, "AT_ONCE", 2)
    case = bought()
    for n in range(4):
        case.at(case.now_s, c.RegisterCustomer(f"c{n}"))
    generous = Segmentation((1, 2, 3, 4), (4, 3, 2, 1), (4_000, 3_000, 2_000, 1))
    before = len(case.records)
    case.at(case.now_s, c.SetSegmentation(generous)).emits(e.SegmentationSet(generous))
    case.at(case.now_s + 5, c.Tick())
    told = [x for r in case.records[before:] for x in r.events]
    assert e.CustomerSegmented("ann", ["potential_loyalist"], 5, 2, 2) not in told
    assert [x for x in told if isinstance(x, e.CustomersReviewed)] == [
        e.CustomersReviewed(2, 0, 2),
        e.CustomersReviewed(2, 2, 4),
        e.CustomersReviewed(2, 4, 5),
    ]
    assert {x.judged_by for x in case.state.customers.customers.values()} == {2}
    assert ann(case).review_at == ann(case).last_at + 2 * DAY  # sooner than it was planned


def test_a_rule_that_was_replaced_judges_nobody_any_more(monkeypatch):
    monkeypatch.setattr(segmenting, "AT_ONCE", 1)
    case = bought().at(9_000, c.RegisterCustomer("bob"))
    case.at(9_001, c.SetSegmentation(Segmentation((1, 2, 3, 4))))
    case.at(9_001.5, c.SetSegmentation(Segmentation()))
    before = len(case.records)
    case.at(9_010, c.Tick())
    told = [x for r in case.records[before:] for x in r.events]
    assert [x.rule for x in told if isinstance(x, e.CustomersReviewed)] == [3, 3]


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        (Segmentation(recency_days=(7, 7, 30, 60)), "recency_days"),
        (Segmentation(recency_days=(-1, 7, 30, 60)), "recency_days"),
        (Segmentation(purchases=(1, 2, 3, 4)), "purchases"),
        (Segmentation(spent_minor=(2**63, 3, 2, 1)), "spent_minor"),
    ],
)
def test_a_rule_nobody_could_be_judged_by_is_refused(rule, field):
    case = city().at(1, c.SetSegmentation(rule))
    assert case.events[0].reason is Reason.MALFORMED
    assert case.events[0].detail["field"] == field


# The table of the R package rfm 0.3 (rfm_segment, examples), as its columns say it.
PUBLISHED = {
    "names": "champions potential_loyalist loyal_customers promising new_customers cannot_lose"
    " at_risk need_attention about_to_sleep lost",
    "recency": ((5, 3, 2, 3, 4, 1, 1, 1, 2, 1), (5, 5, 4, 4, 5, 2, 2, 3, 3, 1)),
    "frequency": ((5, 3, 2, 1, 1, 3, 2, 3, 1, 1), (5, 5, 4, 3, 3, 4, 5, 5, 3, 5)),
    "monetary": ((5, 2, 2, 3, 1, 4, 4, 3, 1, 1), (5, 5, 4, 5, 5, 5, 5, 5, 4, 5)),
}


def test_all_125_scores_are_named_as_the_published_table_names_them():
    names = PUBLISHED["names"].split()
    axes = [list(zip(*PUBLISHED[x], strict=True)) for x in ("recency", "frequency", "monetary")]
    found = set()
    for scores in product(range(1, 6), repeat=3):
        fitting = (
            name
            for n, name in enumerate(names)
            if all(axis[n][0] <= x <= axis[n][1] for axis, x in zip(axes, scores, strict=True))
        )
        assert segment_of(Scores(*scores)) == next(fitting, OTHERS), scores
        found.add(segment_of(Scores(*scores)))
    assert found == set(NAMES)


def test_scores_begin_exactly_at_their_thresholds():
    rule = Segmentation((1, 2, 3, 4), (40, 30, 20, 10), (400, 300, 200, 100))
    assert scores_of(rule, 2 * DAY - 1, 40, 400) == (5, 5, 5)
    assert scores_of(rule, 2 * DAY, 39, 399) == (4, 4, 4)
    assert scores_of(rule, 5 * DAY - 1, 10, 100) == (2, 2, 2)
    assert scores_of(rule, 5 * DAY, 9, 99) == (1, 1, 1)


# whose customer


def test_a_customer_of_one_service_does_not_exist_for_another():
    unknown = {"what": "customer", "id": "bob"}
    case = of_somebody().at(1, ask("q", RIVALS)).rejects(Reason.UNKNOWN, **unknown)
    case.at(2, c.SetConsent("bob", MARKETING, True, RIVALS)).rejects(Reason.UNKNOWN, **unknown)
    case.at(3, c.ForgetCustomer("bob", RIVALS)).rejects(Reason.UNKNOWN, **unknown)
    case.at(4, ask("q", MINE)).emits(e.QuoteOffered)


def test_a_customer_of_nobody_may_buy_anywhere_and_is_changed_by_operators_only():
    case = city(9).at(1, ask("q", MINE, "ann")).emits(e.QuoteOffered)
    case.at(2, ask("r", RIVALS, "ann")).emits(e.QuoteOffered)
    case.at(3, c.SetConsent("ann", MARKETING, True, MINE)).rejects(
        Reason.UNKNOWN, what="customer", id="ann"
    )
    case.at(4, c.SetConsent("ann", MARKETING, True)).emits(
        e.ConsentSet("ann", MARKETING, True, 4_000)
    )


def test_consent_is_given_and_withdrawn_and_saying_it_twice_changes_nothing():
    case = of_somebody().at(1, c.SetConsent("bob", MARKETING, False, MINE)).emits()
    case.at(2, c.SetConsent("bob", MARKETING, True, MINE)).emits(e.ConsentSet)
    case.at(3, c.SetConsent("bob", MARKETING, True, MINE)).emits()
    assert case.state.customers["bob"].consents == {MARKETING: 2_000}
    case.at(4, c.SetConsent("bob", MARKETING, False, MINE)).emits(e.ConsentSet)
    assert not case.state.customers["bob"].may_be(MARKETING)


def test_who_is_blocked_buys_nothing_until_he_is_not():
    case = city(9).at(1, c.SetStanding("ann", Standing.BLOCKED, "chargebacks"))
    case.at(2, quote()).rejects(Reason.CUSTOMER_BLOCKED)
    case.at(3, c.SetStanding("ann", Standing.BLOCKED, "again")).rejects(Reason.ALREADY_EXISTS)
    case.at(4, c.SetStanding("ann", Standing.GOOD, "settled")).emits(e.StandingSet)
    case.at(5, quote()).emits(e.QuoteOffered)


# forgetting


def test_who_is_forgotten_leaves_no_figures_no_consent_and_buys_nothing_more():
    case = bought().at(9_000, c.SetConsent("ann", MARKETING, True))
    case.at(9_001, c.ReceiveStock("store", "ramen", 9)).at(9_001, quote("late"))
    case.at(9_002, c.ForgetCustomer("ann")).emits(e.CustomerForgotten("ann", 9_002_000))
    left = ann(case)
    assert (left.purchases, left.spent_minor, left.segments, left.consents) == (0, 0, [], {})
    unknown = {"what": "customer", "id": "ann"}
    case.at(9_003, quote("more")).rejects(Reason.UNKNOWN, **unknown)
    case.at(9_003, place("more", "late")).rejects(Reason.UNKNOWN, **unknown)
    case.at(9_003, c.ForgetCustomer("ann")).rejects(Reason.UNKNOWN, **unknown)
    case.at(9_003, c.RegisterCustomer("ann")).rejects(Reason.ALREADY_EXISTS)
    case.at(9_000 + 9 * DAY_S, c.Tick())  # the timer of a review finds nobody to judge
    assert ann(case).segments == []


def test_nobody_is_forgotten_while_an_order_is_on_its_way():
    case = cases.on_board().at(9_000, c.ForgetCustomer("ann"))
    case.rejects(Reason.ORDER_OPEN, order="o")
    case.at(9_001, c.ReportDropoff("kim", "o/1")).at(9_002, c.ForgetCustomer("ann"))
    case.emits(e.CustomerForgotten)


def test_what_is_derived_is_the_same_after_a_snapshot():
    case = bought(2)
    loaded: Engine = snapshot.load(snapshot.dump(case.engine))
    kept, live = loaded.state, case.state
    assert kept.orders.of_customer == live.orders.of_customer == {"ann": ["o0", "o1"]}
    assert kept.customers.ids == live.customers.ids
    assert kept.customers.sizes == live.customers.sizes
