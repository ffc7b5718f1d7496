"""What a delivery costs: who pays it, who leaves for it, and what is left of it in the scorecard."""

from msgspec.structs import replace

from engine import events as e
from engine.engine import Record
from engine.rules.bookkeeping import COURIER_COST, FEES
from simulation.lab.figures import NET_KEY, SOLD_KEY, values
from simulation.people.demand import DEARER_THAN_WANTED
from simulation.run import simulate
from simulation.scenarios.quantities import Varying
from simulation.scenarios.scenario import Scenario
from tests.simulated_city import small

SOME_MIND = Varying(median=600, p90=1_000)


def asking(fee_minor: int, most: Varying | None = SOME_MIND) -> Scenario:
    city = small()
    demand = replace(city.demand, most_fee_minor=most)
    return replace(city, demand=demand, engine=replace(city.engine, delivery_fee_minor=fee_minor))


def baskets(records: list[Record]) -> dict[str, list]:
    quoted = [x for r in records for x in r.events if type(x) is e.QuoteOffered]
    return {x.quote: [(line.product, line.quantity) for line in x.lines] for x in quoted}


def test_who_minds_the_fee_leaves_and_wants_the_same_as_before():
    free, dear, any_fee = list[Record](), list[Record](), list[Record]()
    cheap = simulate(asking(0), 3, free.append).scorecard.orders
    costly = simulate(asking(600), 3, dear.append).scorecard.orders
    unasked = simulate(asking(600, None), 3, any_fee.append).scorecard.orders
    assert cheap.customers == costly.customers == unasked.customers
    lost = [x.lost.get(DEARER_THAN_WANTED, 0) for x in (unasked, cheap, costly)]
    assert lost[0] == 0
    assert lost[2] > lost[1] + 5
    first, second = baskets(free), baskets(any_fee)
    both = first.keys() & second.keys()
    assert both
    assert all(first[key] == second[key] for key in both)


def test_what_is_left_of_the_fees_is_what_the_ledger_says():
    records = list[Record]()
    card = simulate(asking(300), 5, records.append).scorecard
    postings = [
        x
        for record in records
        for event in record.events
        if type(event) is e.LedgerPosted
        for x in event.postings
    ]
    fees = -sum(x.amount_minor for x in postings if x.account == FEES)
    couriers = sum(x.amount_minor for x in postings if x.account == COURIER_COST)
    stores = -sum(x.amount_minor for x in postings if x.account.startswith("store:"))
    assert min(fees, stores) > 0
    found = values(card)
    assert found[NET_KEY] == (fees - couriers - card.fleet.hourly_cost_minor) / 100
    assert found[SOLD_KEY] == stores / 100
