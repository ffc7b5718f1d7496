"""What to suggest to a customer: only what his store can sell him now, and bring to his door."""

from collections.abc import Iterator
from itertools import chain

from engine.engine import Engine
from engine.projections import Projections
from engine.projections.tastes import Suggestion, Why
from engine.queries.assortment import OnSale, on_sale
from engine.rules.opening import takes_orders
from engine.state import State
from engine.values import CustomerId, ProductId, Purpose, StoreId
from gateway import messages as m
from gateway.asking.catalog import told
from gateway.asking.customer_records import visible
from gateway.auth import Identity
from gateway.codes import Refusal
from gateway.wire import point
from geo.points import distance_m

LOOKED_AT = 200  # of what is suggested, or else sold: beyond, nobody gets to see it anyway


def recommend(
    b: m.Recommend, who: Identity, engine: Engine, projections: Projections
) -> m.Recommendations:
    """Personal only for who allows it; for anybody else as if he had never been here."""
    s, at = engine.state, engine.now
    store = s.stores.get(StoreId(b.store))
    if store is None:
        raise Refusal("unknown", detail={"what": "store", "id": b.store})
    customer = None
    if b.customer is not None and visible(s, b.customer, who).may_be(Purpose.PERSONALIZATION):
        customer = CustomerId(b.customer)
    offset_min = s.settings.current.utc_offset_min
    if not takes_orders(store, at, offset_min) or not _reaches(b, s):
        return m.Recommendations(b.store, [])
    cart = [ProductId(x) for x in b.cart]
    suggested = projections.tastes.suggested(StoreId(b.store), at, customer, cart)
    found: list[tuple[OnSale, Why]] = []
    for x in _without_repeats(s, b, suggested):
        sold = on_sale(s, StoreId(b.store), x.product, at)
        is_light = s.products[x.product].load <= s.settings.current.load_max
        if sold is not None and sold.available > 0 and sold.sold_at == at and is_light:
            found.append((sold, x.why))
            if len(found) == b.limit:
                break
    products = told(s, [sold for sold, _ in found], at)
    return m.Recommendations(
        b.store,
        [m.Recommended(x, why.value) for x, (_, why) in zip(products, found, strict=True)],
    )


def _reaches(b: m.Recommend, s: State) -> bool:
    if b.dropoff is None:
        return True
    way_m = distance_m(s.stores[StoreId(b.store)].location, point(b.dropoff, "dropoff"))
    return way_m <= s.settings.current.delivery_radius_m


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
