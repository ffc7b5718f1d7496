"""Merchandising: who sells what for how much, and to whom."""

from dataclasses import dataclass

from engine.commands import (
    ChangeStore,
    CloseStore,
    DefineCategory,
    DelistInStore,
    DelistProduct,
    ListInStore,
    ListProduct,
    OpenStore,
    RegisterCustomer,
    RegisterStore,
    SetPrice,
    WithdrawPrices,
)
from engine.events import (
    CategoryDefined,
    CustomerRegistered,
    PriceSet,
    PricesWithdrawn,
    ProductDelisted,
    ProductDelistedInStore,
    ProductListed,
    ProductListedInStore,
    StoreChanged,
    StoreClosed,
    StoreOpened,
    StoreRegistered,
)
from engine.rejections import RejectionReason as Reason
from engine.rules.horizons import PLANNED_MS, horizon_fault
from engine.rules.hours import hours_fault
from engine.rules.locality import CITY_REACH_M, is_near
from engine.rules.shelving import shelf_fault
from engine.rules.skills import are_skills
from engine.state.categories import Categories
from engine.state.customers import Customers
from engine.state.prices import Prices
from engine.state.products import Products
from engine.state.stores import Stores
from engine.turn import Turn
from engine.values import ProductId, StoreId
from geo.points import Point, distance_m


@dataclass(eq=False, slots=True)
class Merchandising:
    stores: Stores
    products: Products
    prices: Prices
    customers: Customers
    categories: Categories

    # commands

    def register_store(self, turn: Turn, c: RegisterStore) -> None:
        if c.preparation_ms < 0:
            turn.reject(Reason.MALFORMED, field="preparation_ms")
        if self.stores.get(c.store):
            turn.reject(Reason.ALREADY_EXISTS)
        self._check_in_city(turn, self.stores.center(), c.location)
        turn.emit(StoreRegistered(c.store, c.name, c.location, c.preparation_ms))

    def change_store(self, turn: Turn, c: ChangeStore) -> None:
        """From here on everything is promised, planned and measured from the new place. What was
        promised stays promised; a delivery that there is already is fetched where it was to be."""
        if not c.name.strip():
            turn.reject(Reason.MALFORMED, field="name")
        self._known_store(turn, c.store)
        store = self.stores[c.store]
        if (store.name, store.location) == (c.name, c.location):
            turn.reject(Reason.ALREADY_EXISTS)
        self._check_in_city(turn, self.stores.center(without=c.store), c.location)
        turn.emit(StoreChanged(c.store, c.name, c.location))

    def open_store(self, turn: Turn, c: OpenStore) -> None:
        self._known_store(turn, c.store)
        turn.emit(StoreOpened(c.store))

    def close_store(self, turn: Turn, c: CloseStore) -> None:
        self._known_store(turn, c.store)
        turn.emit(StoreClosed(c.store))

    def list_product(self, turn: Turn, c: ListProduct) -> None:
        """Single or a bundle it is for ever: what was promised of it must stay what it was."""
        if c.load < 1 or (c.components and c.load != 1):
            turn.reject(Reason.MALFORMED, field="load")
        known = self.products.get(c.product)
        if len(dict.fromkeys(x.product for x in c.components)) < len(c.components):
            turn.reject(Reason.MALFORMED, field="components")
        if not are_skills(c.skills) or (c.components and c.skills):
            turn.reject(Reason.MALFORMED, field="skills")
        if known and bool(known.components) is not bool(c.components):
            turn.reject(Reason.ALREADY_EXISTS)
        for part in c.components:
            turn.reject_for(shelf_fault(self.products, part.product))
        skills = sorted(c.skills)
        described = c.name, c.category, c.load, c.components, skills, c.age_check
        turn.emit(ProductListed(c.product, *described))

    def delist_product(self, turn: Turn, c: DelistProduct) -> None:
        self._known_product(turn, c.product)
        turn.emit(ProductDelisted(c.product))

    def list_in_store(self, turn: Turn, c: ListInStore) -> None:
        if (fault := hours_fault(c.hours)) is not None:
            turn.reject(Reason.MALFORMED, field="hours", **fault)
        self._known_store(turn, c.store)
        self._known_product(turn, c.product)
        turn.emit(ProductListedInStore(c.store, c.product, c.hours))

    def delist_in_store(self, turn: Turn, c: DelistInStore) -> None:
        self._known_store(turn, c.store)
        self._known_product(turn, c.product)
        turn.emit(ProductDelistedInStore(c.store, c.product))

    def define_category(self, turn: Turn, c: DefineCategory) -> None:
        if c.parent and not self.categories.get(c.parent):
            turn.reject(Reason.UNKNOWN, what="category", id=c.parent)
        path = [str(x) for x in self.categories.upwards(c.parent)]
        if c.category in path:
            turn.reject(Reason.CATEGORY_CYCLE, path=path)
        turn.emit(CategoryDefined(c.category, c.name, c.parent))

    def set_price(self, turn: Turn, c: SetPrice) -> None:
        if c.price_minor < 0:
            turn.reject(Reason.MALFORMED, field="price_minor")
        turn.reject_for(horizon_fault(turn.at, c.from_at, PLANNED_MS, "from_at"))
        self._known_store(turn, c.store)
        self._known_product(turn, c.product)
        from_at = c.from_at or turn.at
        starts = self.prices.starts(c.store, c.product)
        last_at = starts[-1][0] + bool(c.from_at) if starts else 0
        if from_at < max(turn.at, last_at):
            turn.reject(Reason.PRICE_OUT_OF_ORDER, not_before_at=max(turn.at, last_at))
        turn.emit(PriceSet(c.store, c.product, c.price_minor, from_at))

    def withdraw_prices(self, turn: Turn, c: WithdrawPrices) -> None:
        self._known_store(turn, c.store)
        self._known_product(turn, c.product)
        starts = self.prices.starts(c.store, c.product)
        if not starts or starts[-1][0] <= turn.at:
            turn.reject(Reason.UNKNOWN, what="planned price", id=c.product)
        turn.emit(PricesWithdrawn(c.store, c.product, turn.at))

    def register_customer(self, turn: Turn, c: RegisterCustomer) -> None:
        if self.customers.get(c.customer):
            turn.reject(Reason.ALREADY_EXISTS)
        turn.emit(CustomerRegistered(c.customer, turn.at, c.service))

    # internals

    def _check_in_city(self, turn: Turn, center: Point | None, place: Point) -> None:
        """`center`: of all other stores; the first may be anywhere."""
        if center is not None and not is_near(center, place):
            far_m = distance_m(center, place)
            turn.reject(Reason.OUT_OF_AREA, distance_m=far_m, limit_m=CITY_REACH_M)

    def _known_store(self, turn: Turn, store: StoreId) -> None:
        if not self.stores.get(store):
            turn.reject(Reason.UNKNOWN, what="store", id=store)

    def _known_product(self, turn: Turn, product: ProductId) -> None:
        if not self.products.get(product):
            turn.reject(Reason.UNKNOWN, what="product", id=product)
