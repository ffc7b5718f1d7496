"""Questions about what is sold: by store, with prices as they were, are, and are planned."""

from bisect import bisect_left

from engine.engine import Engine
from engine.queries.assortment import OnSale, on_sale
from engine.queries.catalog_index import CatalogIndex
from engine.queries.search import Hit, Wanted, search
from engine.rules.bundling import demand
from engine.rules.skills import needed
from engine.state import State
from engine.values import MINUTE, SECOND, CategoryId, Line, ProductId, StoreId
from gateway import messages as m
from gateway.asking.finding import store_named
from gateway.codes import Refusal, unknown
from gateway.tokens import Identity
from gateway.translation.goods import lines_told
from gateway.wire import millis, money, point, time_text


def list_products(b: m.ListProducts, _: Identity, engine: Engine) -> m.Products:
    """By id, so that pages stay right while products come and go."""
    s, at = engine.state, engine.now
    store = store_named(s, b.store)
    sold: list[OnSale] = []
    for key in sorted(x for x in s.prices.history.get(store, {}) if x > (b.after or "")):
        found = on_sale(s, store, key, at)
        if found is not None:
            if len(sold) == b.limit:
                return m.Products(b.store, told(s, sold, at), sold[-1].product)
            sold.append(found)
    return m.Products(b.store, told(s, sold, at))


def told(s: State, sold: list[OnSale], at: int) -> list[m.ProductOffered]:
    currency = s.settings.current.currency
    found = []
    for x in sold:
        product = s.products[x.product]
        found.append(
            m.ProductOffered(
                x.product,
                product.name,
                product.category,
                money(x.price_minor, currency),
                x.available,
                product.load,
                None if x.sold_at == at else time_text(x.sold_at),
                lines_told(product.components),
                _skills(s, x.product),
                product.age_check
                or any(s.products[y.product].age_check for y in product.components),
            )
        )
    return found


def _skills(s: State, key: ProductId) -> list[str]:
    taken = demand([Line(key, 1)], [s.products[key]])
    return [*needed(s.products[x.product] for x in taken)]


def search_products(b: m.SearchProducts, engine: Engine, index: CatalogIndex) -> m.Found:
    s = engine.state
    wanted = Wanted(
        b.text,
        b.category or "",
        StoreId("") if b.store is None else store_named(s, b.store),
        None if b.dropoff is None else point(b.dropoff, "dropoff"),
        None if b.within_min is None else b.within_min * MINUTE,
    )
    if b.within_min is not None and b.dropoff is None:
        raise Refusal("malformed", "in so many minutes, but where", {"field": "dropoff"})
    after = None
    if b.after is not None:
        product, _, store = b.after.rpartition("/")
        after = ProductId(product), StoreId(store)
    page = search(s, index, wanted, engine.now, after, b.limit)
    more = None if page.last is None else "/".join(page.last)
    return m.Found([_hit(s, x) for x in page.hits], more)


def _hit(s: State, x: Hit) -> m.Hit:
    product = s.products[x.sold.product]
    price = money(x.sold.price_minor, s.settings.current.currency)
    within_s = None if x.promised_ms is None else x.promised_ms // SECOND
    return m.Hit(
        *(x.store, x.sold.product, product.name, product.category, price),
        *(x.sold.available, within_s),
    )


def list_categories(b: m.ListCategories, engine: Engine, index: CatalogIndex) -> m.Categories:
    index.refresh(engine.state)
    tree = engine.state.categories.categories
    names = sorted(x for x in dict.fromkeys([*tree, *index.categories()]) if x > (b.after or ""))
    page = []
    for name in names[: b.limit]:
        known = tree.get(CategoryId(name))
        parent = known.parent if known and known.parent else None
        page.append(m.CategoryPlaced(name, known.name if known else name, parent, bool(known)))
    return m.Categories(page, page[-1].category if len(names) > b.limit else None)


def get_price_history(b: m.GetPriceHistory, who: Identity, engine: Engine) -> m.PriceHistory:
    """Of its own store for a store, of the one named for an operator."""
    s = engine.state
    store = store_named(s, b.store or who.subject)
    if who.role == "store" and store != who.subject:
        raise unknown("store", store)
    if s.products.get(ProductId(b.product)) is None:
        raise unknown("product", b.product)
    starts = s.prices.starts(store, ProductId(b.product))
    end = len(starts)
    if b.before is not None:
        end = bisect_left(starts, millis(b.before, "before"), key=lambda x: x[0])
    begin = max(0, end - b.limit)
    currency = s.settings.current.currency
    page = [m.PriceFrom(time_text(at), money(x, currency)) for at, x in starts[begin:end][::-1]]
    return m.PriceHistory(store, b.product, page, page[-1].from_at if begin else None)
