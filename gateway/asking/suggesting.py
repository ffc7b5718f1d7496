"""What to suggest to a customer: only what his store can sell him now, and bring to his door."""

from collections.abc import Iterator
from itertools import chain

from engine.engine import Engine
from engine.projections import Projections
from engine.projections.tastes import Suggestion, Why
from engine.queries.assortment import OnSale, on_sale
from engine.queries.search import Wanted, reachable
from engine.rules.bundling import demand
from engine.rules.skills import needed
from engine.state import State
from engine.values import CustomerId, Line, Millis, ProductId, Purpose, StoreId
from gateway import messages as m
from gateway.asking.catalog import told
from gateway.asking.customer_records import visible
from gateway.codes import unknown
from gateway.tokens import Identity
from gateway.wire import point

LOOKED_AT = 200  # of what is suggested, or else sold: beyond, nobody gets to see it anyway


def recommend(
    b: m.Recommend, who: Identity, engine: Engine, projections: Projections
) -> m.Recommendations:
    """Personal only for who allows it; for anybody else as if he had never been here."""
    s, at = engine.state, engine.now
    store = s.stores.get(StoreId(b.store))
    if store is None:
        raise unknown("store", b.store)
    customer = None
    if b.customer is not None and visible(s, b.customer, who).may_be(Purpose.PERSONALIZATION):
        customer = CustomerId(b.customer)
    if not _may_order(b, s, at):
        return m.Recommendations(b.store, [])
    cart = [ProductId(x) for x in b.cart]
    suggested = projections.tastes.suggested(StoreId(b.store), at, customer, cart)
    found: list[tuple[OnSale, Why]] = []
    for x in _without_repeats(s, b, suggested):
        sold = on_sale(s, StoreId(b.store), x.product, at)
        if sold is not None and sold.sold_at == at and _fits(b, s, x.product):
            found.append((sold, x.why))
            if len(found) == b.limit:
                break
    products = told(s, [sold for sold, _ in found], at)
    return m.Recommendations(
        b.store,
        [m.Recommended(x, why.value) for x, (_, why) in zip(products, found, strict=True)],
    )


def _may_order(b: m.Recommend, s: State, at: Millis) -> bool:
    """Open, with somebody there to pick; to a door, with somebody to bring it in time."""
    dropoff = None if b.dropoff is None else point(b.dropoff, "dropoff")
    return StoreId(b.store) in reachable(s, Wanted(store=StoreId(b.store), dropoff=dropoff), at)


def _fits(b: m.Recommend, s: State, product: ProductId) -> bool:
    """One of it besides one of each in the cart: on the shelves, and for somebody to carry."""
    known = [ProductId(x) for x in dict.fromkeys(b.cart) if s.products.get(ProductId(x))]
    lines = [Line(x, 1) for x in (*known, product)]
    taken = demand(lines, [s.products[x.product] for x in lines])
    load = sum(x.quantity * s.products[x.product].load for x in taken)
    most = s.settings.current.load_max
    if b.dropoff is not None:
        skills = needed(s.products[x.product] for x in taken)
        most = min(most, s.couriers.able(skills).capacity_max)
    mine = demand([Line(product, 1)], [s.products[product]])
    wanted = {x.product: x.quantity for x in taken}
    short = any(
        s.inventory.available(StoreId(b.store), x.product) < wanted[x.product] for x in mine
    )
    return not short and load <= most


def _without_repeats(s: State, b: m.Recommend, suggested: list[Suggestion]) -> Iterator[Suggestion]:
    """First what was suggested, then whatever else the store has a price for."""
    shelf = s.prices.history.get(StoreId(b.store), {})
    others = (Suggestion(x, Why.POPULAR) for x in shelf)
    seen = dict.fromkeys(b.cart)
    for n, x in enumerate(chain(suggested, others)):
        if n >= LOOKED_AT + len(b.cart):
            return
        if x.product not in seen:
            seen[x.product] = None
            yield x
