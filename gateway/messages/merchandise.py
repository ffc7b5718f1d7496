"""What is told of what is sold: products, prices, categories, promotions and coupons."""

from typing import Literal

from gateway.messages.terms import PromotionTerms
from gateway.messages.values import Line, Money, Part, Told


class ProductOffered(Part, frozen=True):
    """`available` = on hand - reserved - safety; of a bundle, as many as its scarcest part makes.

    `sold_at`, if it is not sold now: when its hours begin again.
    """

    product: str
    name: str
    category: str
    price: Money
    available: int
    load: int
    sold_at: str | None = None
    components: list[Line] = []
    skills: list[str] = []  # only couriers who have all of them carry it
    age_check: bool = False  # whoever is given it shows how old he is


class Products(Told, frozen=True):
    """`next`, if there is more: pass it as `after`."""

    store: str
    products: list[ProductOffered]
    next: str | None = None


class Recommended(Part, frozen=True):
    """`why`: it is bought together with the cart, the customer bought it before, others alike did,
    or it sells well."""

    product: ProductOffered
    why: Literal["together", "again", "alike", "popular"]


class Recommendations(Told, frozen=True):
    """Best first; none if the store takes no orders, or is too far away."""

    store: str
    products: list[Recommended]


class Hit(Part, frozen=True):
    """`within_s`: to the door, for a small order placed now. A quote makes it a promise."""

    store: str
    product: str
    name: str
    category: str
    price: Money
    available: int
    within_s: int | None = None


class Found(Told, frozen=True):
    """In order of product and store. `next`, if there may be more: pass it as `after`; a page may
    be short, or even empty, before the last."""

    hits: list[Hit]
    next: str | None = None


class CategoryPlaced(Part, frozen=True):
    """Without a parent it is a root. `defined` is false of one that products were only put in."""

    category: str
    name: str
    parent: str | None = None
    defined: bool = True


class Categories(Told, frozen=True):
    """`next`, if there is more: pass it as `after`."""

    categories: list[CategoryPlaced]
    next: str | None = None


class PriceFrom(Part, frozen=True):
    from_at: str
    price: Money


class PriceHistory(Told, frozen=True):
    """The newest first, those planned before all. `next`, if there is more: pass it as `before`."""

    store: str
    product: str
    prices: list[PriceFrom]
    next: str | None = None


class Promotion(Told, frozen=True):
    """`reserved` by open orders, `redeemed` by fulfilled ones."""

    promotion: str
    terms: PromotionTerms
    on: bool
    reserved: int
    redeemed: int


class CouponHeld(Part, frozen=True):
    """`name` is its promotion's. Whether it fits an order, a quote says."""

    coupon: str
    promotion: str
    name: str
    from_at: str | None = None
    until_at: str | None = None


class Coupons(Told, frozen=True):
    """`next`, if there is more: pass it as `after`."""

    customer: str
    coupons: list[CouponHeld]
    next: str | None = None


class Promotions(Told, frozen=True):
    """`next`, if there is more: pass it as `after`."""

    promotions: list[Promotion]
    next: str | None = None


class Coupon(Told, frozen=True):
    """`public`, or for so many customers; `reserved` by open orders, `redeemed` by fulfilled."""

    coupon: str
    promotion: str
    public: bool
    customers: int
    limit: int
    limit_per_customer: int
    reserved: int
    redeemed: int
    withdrawn: bool
    from_at: str | None = None
    until_at: str | None = None


class Discount(Part, frozen=True):
    """What a promotion took off the goods and off the delivery fee; `coupon`, if it took one."""

    promotion: str
    goods: Money
    delivery_fee: Money
    coupon: str | None = None
