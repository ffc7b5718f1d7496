"""A day of all local commerce, made short: every system has something to tell, and it adds up."""

from functools import cache

import pytest
from msgspec.structs import replace

from engine import events as e
from engine.commands import PlaceOrder, RequestQuote
from engine.engine import Record
from engine.values import Rescue
from simulation.commerce.lines import lines
from simulation.commerce.systems import Bookkeeping
from simulation.run import Run, simulate
from simulation.scenarios.flaws import ScenarioError
from simulation.scenarios.plausibility import check
from simulation.scenarios.scenario import Scenario
from simulation.scenarios.scenario_file import find, load
from tests.simulated_city import small

HOURS = 6.0
SYSTEMS = ["products", "orders", "payments", "logistics", "customers", "analytics"]


def short(**shoppers) -> Scenario:
    """The library's Friday, until one o'clock."""
    day = load(find("friday_grocery"))
    commerce = day.commerce
    return replace(
        day,
        hours=HOURS,
        demand=replace(day.demand, orders=190, customers=110, absent=0.06),
        couriers=[replace(x, from_h=0.0, to_h=HOURS + 0.5) for x in day.couriers],
        commerce=replace(
            commerce,
            shoppers=replace(commerce.shoppers, **shoppers),
            shops=replace(commerce.shops, counts_at_h=2.0),
            price_changes=[replace(x, at_h=2.0) for x in commerce.price_changes],
            campaigns=[replace(x, at_h=2.0) for x in commerce.campaigns],
            bill=replace(commerce.bill, at_h=HOURS + 1.5),
        ),
    )


@cache
def played() -> tuple[Run, list[Record]]:
    records: list[Record] = []
    return simulate(short(), 7, records.append), records


def test_each_of_the_six_systems_has_something_to_tell():
    run, _ = played()
    systems = run.scorecard.commerce
    told = lines(systems, "CNY")
    assert [name for name, _ in told] == SYSTEMS
    p, o, m, c = systems.products, systems.orders, systems.payments, systems.customers
    assert min(p.bundles_sold, p.prices_changed, p.discounts_minor, p.receipts) > 0
    assert min(p.shelves_counted, p.pieces_short, p.purchases, p.transfers) > 0
    assert min(p.staff, p.worked_h) > 0
    assert min(o.delivered, o.collected, o.not_collected, o.scheduled, o.with_coupon) > 0
    assert min(o.brought_again, o.returns) > 0
    assert {"alipay", "card", "cash", "wechat"} == m.captured_minor.keys()
    assert min(m.tips_minor, m.refunded_minor, m.cash_handed_in_minor) > 0
    assert systems.logistics.co2e_kg > 0
    assert min(c.allow_marketing, c.withdrawn, c.ratings, c.complaints, c.treated) > 0
    assert min(c.held_out, c.redeemed, systems.analytics.followed) > 0


def test_every_order_ends_every_invariant_holds_and_revenue_is_what_the_ledger_says():
    run, _ = played()
    assert run.is_sound
    analytics, orders = run.scorecard.commerce.analytics, run.scorecard.orders
    assert analytics.is_balanced
    assert analytics.credited_minor == analytics.ledger_minor > 0
    ended = sum(orders.cancelled.values()) + sum(orders.returned.values())
    assert orders.placed == orders.delivered + orders.collected + ended
    assert analytics.fulfilled == orders.delivered + orders.collected


def test_whoever_is_on_the_roster_comes_has_a_break_and_goes():
    run, _ = played()
    staff = run.state.staff
    assert {x.staff for x in staff.timecards.values()} == {x.staff for x in staff.duties.values()}
    assert not any(x.is_open for x in staff.timecards.values())
    assert all(x.published for x in staff.duties.values())


def test_every_flaw_of_a_bill_is_found_as_what_it_is_and_nothing_else():
    run, _ = played()
    bills = run.state.reconciliations.reconciliations
    assert sorted(bills) == ["alipay-bill", "card-bill", "wechat-bill"]
    for bill in bills.values():
        kinds = sorted(str(x.kind) for x in bill.differences)
        assert kinds == ["amount_differs", "missing_here", "missing_there", "state_differs"]
        assert bill.agreed == bill.lines - 3 > 0  # what is not on the bill is no line of it
        assert all(x.note for x in bill.differences)


def test_some_of_what_is_given_back_is_fetched_by_couriers_and_some_brought():
    """At the door, whoever gives it back is sometimes not there either."""
    records: list[Record] = []
    run = simulate(short(gives_back=0.5, has_it_fetched=0.6), 7, records.append)
    events = [x for record in records for x in record.events]
    legs = {x.delivery: x.change for x in events if isinstance(x, e.ReturnFetched)}
    fetched = [x for x in events if isinstance(x, e.DeliveryReturned) and x.delivery in legs]
    received = {x.change for x in events if isinstance(x, e.ChangeReceived)}
    assert len(fetched) > 5
    assert {legs[x.delivery] for x in fetched} < received
    assert [x for x in events if isinstance(x, e.ReturnMissed)]
    assert run.is_sound
    orders = run.scorecard.commerce.orders
    assert (orders.fetched, orders.returns) == (len(fetched), len(received))
    assert not run.state.deliveries.open


def test_what_was_wished_for_a_shortage_is_done_and_told():
    """Every shelf is short of something; each wish is met somewhere, and some said nothing."""
    wished = {"names_another": 0.4, "takes_it_elsewhere": 0.2, "rather_nothing": 0.2}
    day = short(**wished)
    records: list[Record] = []
    run = simulate(
        replace(day, stores=[replace(x, missing=0.3) for x in day.stores]), 7, records.append
    )
    assert run.is_sound
    placed = [r.command for r in records if type(r.command) is PlaceOrder]
    remedied = [x for r in records for x in r.events if isinstance(x, e.ShortageRemedied)]
    by_order = {x.order: x.if_missing for x in placed}
    orders = run.scorecard.commerce.orders
    assert orders.shortages.keys() == {str(x) for x in Rescue}
    assert sum(orders.shortages.values()) == len(remedied)
    assert all(x.remedy in (*by_order[x.order], Rescue.GO_WITHOUT) for x in remedied)
    category = {x.id: x.category for x in day.products}
    for instead in (y for x in placed for y in x.instead):
        assert instead.missing != instead.substitute
        assert category[instead.missing] == category[instead.substitute]
    said = dict(lines(run.scorecard.commerce, "CNY"))["orders"]
    assert f"{orders.wished} said what to do if something is missing" in said
    assert f"it was, {len(remedied)} times: " in said


def test_a_wish_for_a_shortage_changes_nothing_of_what_is_wanted():
    _, records = played()
    without: list[Record] = []
    none = {"names_another": 0.0, "takes_it_elsewhere": 0.0, "rather_nothing": 0.0}
    simulate(short(**none), 7, without.append)
    assert wishes(records) == wishes(without)
    assert any(type(x.command) is PlaceOrder and x.command.if_missing for x in records)
    assert not any(type(x.command) is PlaceOrder and x.command.if_missing for x in without)


def test_who_withdrew_or_never_allowed_it_is_in_no_campaign():
    _, records = played()
    allowed: set[str] = set()
    for event in (x for record in records for x in record.events):
        if isinstance(event, e.ConsentSet) and event.purpose == "marketing":
            (allowed.add if event.given else allowed.discard)(event.customer)
        if isinstance(event, e.CampaignAssigned):
            assert {*event.treated, *event.held_out} <= allowed


def test_the_figures_follow_from_the_records_alone():
    run, records = played()
    books = Bookkeeping()
    for record in records:
        books.see(record)
    told = books.figures(run.state, records[-1].at)
    systems = run.scorecard.commerce
    names = ("products", "orders", "payments", "logistics", "customers")
    for name in names:
        assert getattr(told, name) == getattr(systems, name)


def test_the_same_seed_is_the_same_day():
    run, _ = played()
    assert simulate(short(), 7).scorecard == run.scorecard


def test_habits_change_nothing_of_who_comes_for_what():
    """Every choice draws from a stream of its own."""
    _, records = played()
    without: list[Record] = []
    simulate(short(collects=0.0, uses_coupon=0.0, pays_cash=0.0), 7, without.append)
    assert wishes(records) == wishes(without)


def wishes(records: list[Record]) -> list[tuple]:
    asked = [x.command for x in records if type(x.command) is RequestQuote]
    return [(x.quote, x.customer, x.store) for x in asked if "/" not in x.quote]


def test_without_commerce_there_is_none():
    assert simulate(small(), 1).scorecard.commerce is None


@pytest.mark.parametrize(
    ("part", "change", "code", "key"),
    [
        ("shops", {"opens": 23.0}, "wrong_value", "commerce.shops.closes"),
        ("shops", {"opens": 1.0, "closes": 6.0}, "wrong_value", "commerce.shops.opens"),
        ("shops", {"reorder_point": 99}, "wrong_value", "commerce.shops.reorder_point"),
        ("shops", {"pickers": 0}, "wrong_value", "commerce.shops.pickers"),
        ("bundles", {"parts": {"bred": 1}}, "unknown_product", "commerce.bundles[0].parts"),
        ("bundles", {"id": "milk"}, "duplicate_id", "commerce.bundles[0].id"),
        (
            "price_changes",
            {"category": "bakry"},
            "unknown_category",
            "commerce.price_changes[0].category",
        ),
        (
            "promotions",
            {"categories": ["fish"]},
            "unknown_category",
            "commerce.promotions[0].categories",
        ),
        ("promotions", {"name": "Welcome"}, "duplicate_id", "commerce.promotions"),
        (
            "campaigns",
            {"promotion": "Hello"},
            "unknown_promotion",
            "commerce.campaigns[0].promotion",
        ),
        (
            "campaigns",
            {"promotion": "Big basket"},
            "wrong_value",
            "commerce.campaigns[0].promotion",
        ),
        ("campaigns", {"segments": ["rich"]}, "wrong_value", "commerce.campaigns[0].segments"),
        ("shoppers", {"names_another": 0.96}, "wrong_value", "commerce.shoppers.names_another"),
        ("providers", {"name": "alipay"}, "duplicate_id", "commerce.providers"),
        ("providers", {"share": 0.9}, "wrong_value", "commerce.providers"),
    ],
)
def test_what_no_market_could_be_is_refused_with_a_code_and_a_key(part, change, code, key):
    day = load(find("friday_grocery"))
    given = getattr(day.commerce, part)
    if isinstance(given, list):
        changed = [replace(given[0], **change), *given[1:]]
    else:
        changed = replace(given, **change)
    with pytest.raises(ScenarioError) as refused:
        check(replace(day, commerce=replace(day.commerce, **{part: changed})))
    assert (code, key) in [(x.code, x.key) for x in refused.value.flaws]
