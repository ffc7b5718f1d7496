"""Facts about stores, products, prices and customers."""

from engine.events.event import Event
from engine.terms import Hours
from engine.values import (
    CategoryId,
    CustomerId,
    Line,
    Millis,
    Minor,
    ProductId,
    ServiceId,
    Skill,
    StoreId,
)
from geo.points import Point


class StoreRegistered(Event, frozen=True):
    store: StoreId
    name: str
    location: Point
    preparation_ms: int


class StoreOpened(Event, frozen=True):
    store: StoreId


class StoreClosed(Event, frozen=True):
    store: StoreId


class ProductListed(Event, frozen=True):
    product: ProductId
    name: str
    category: str
    load: int
    components: list[Line] = []
    skills: list[Skill] = []  # only who has all of them may carry it
    age_check: bool = False  # whoever hands it over looks at an age first


class ProductDelisted(Event, frozen=True):
    product: ProductId


class ProductListedInStore(Event, frozen=True):
    store: StoreId
    product: ProductId
    hours: list[Hours]  # none: always


class ProductDelistedInStore(Event, frozen=True):
    store: StoreId
    product: ProductId


class CategoryDefined(Event, frozen=True):
    category: CategoryId
    name: str
    parent: CategoryId  # empty: it is a root


class PriceSet(Event, frozen=True):
    store: StoreId
    product: ProductId
    price_minor: Minor
    at: Millis  # when it begins


class PricesWithdrawn(Event, frozen=True):
    """Those that would have begun after `at`."""

    store: StoreId
    product: ProductId
    at: Millis


class CustomerRegistered(Event, frozen=True):
    """`service`: whose customer it is; empty if anybody's."""

    customer: CustomerId
    at: Millis
    service: ServiceId = ServiceId("")
