"""Promotions and their coupons: what is sold for less, and how often each was used."""

from collections.abc import Iterator

from msgspec import Struct

from engine.events import (
    CouponsIssued,
    CouponWithdrawn,
    DiscountsGivenBack,
    DiscountsRedeemed,
    DiscountsReserved,
    PromotionDefined,
    PromotionEnded,
)
from engine.terms import Discount, PromotionTerms
from engine.values import CouponId, CustomerId, Millis, PromotionId


class Uses(Struct, array_like=True):
    """By orders: `reserved` while they are open, `redeemed` once they are fulfilled."""

    reserved: int = 0
    redeemed: int = 0
    of: dict[CustomerId, int] = {}  # both, by customer; nobody stands at zero

    @property
    def count(self) -> int:
        return self.reserved + self.redeemed

    def exhausted(self, customer: CustomerId, limit: int, limit_per_customer: int) -> bool:
        """Whether one more use would be one too many. A limit of 0 is none."""
        whole = bool(limit) and self.count >= limit
        return whole or bool(limit_per_customer and self.of.get(customer, 0) >= limit_per_customer)

    def reserve(self, customer: CustomerId) -> None:
        self.reserved += 1
        self.of[customer] = self.of.get(customer, 0) + 1

    def redeem(self) -> None:
        self.reserved -= 1
        self.redeemed += 1
        assert self.reserved >= 0

    def give_back(self, customer: CustomerId) -> None:
        self.reserved -= 1
        assert self.reserved >= 0
        self.of[customer] -= 1
        if not self.of[customer]:
            del self.of[customer]


class Promotion(Struct, array_like=True):
    terms: PromotionTerms
    uses: Uses
    is_on: bool = True

    def exhausted(self, customer: CustomerId) -> bool:
        terms = self.terms
        return self.uses.exhausted(customer, terms.limit, terms.limit_per_customer)


class Coupon(Struct, array_like=True):
    promotion: PromotionId
    limit: int
    limit_per_customer: int
    from_at: Millis
    until_at: Millis
    is_public: bool
    customers: dict[CustomerId, None]
    uses: Uses
    is_withdrawn: bool = False

    def exhausted(self, customer: CustomerId) -> bool:
        return self.uses.exhausted(customer, self.limit, self.limit_per_customer)

    def is_for(self, customer: CustomerId) -> bool:
        return not self.is_withdrawn and (self.is_public or customer in self.customers)


class Promotions(Struct, dict=True):
    """Invariant: an open or fulfilled order counts once for each promotion and coupon it used.

    Limits are kept when an order is placed; a promotion defined again with a smaller limit may
    stand above it, and serves nobody.
    """

    promotions: dict[PromotionId, Promotion] = {}
    coupons: dict[CouponId, Coupon] = {}
    automatic: dict[PromotionId, None] = {}  # those that are on and need no coupon

    def __post_init__(self) -> None:
        # Derived, hence not a field: snapshots neither write nor read it.
        self.of_customer: dict[CustomerId, list[CouponId]] = {}  # issued to them by name
        for key, coupon in self.coupons.items():
            for customer in coupon.customers:
                self.of_customer.setdefault(customer, []).append(key)

    # queries

    def __getitem__(self, promotion: PromotionId) -> Promotion:
        return self.promotions[promotion]

    def get(self, promotion: PromotionId) -> Promotion | None:
        return self.promotions.get(promotion)

    def coupon(self, coupon: CouponId) -> Coupon | None:
        return self.coupons.get(coupon)

    # events

    def promotion_defined(self, e: PromotionDefined) -> None:
        known = self.promotions.get(e.promotion)
        assert not known or known.terms.bearer == e.terms.bearer
        self.promotions[e.promotion] = Promotion(e.terms, known.uses if known else Uses())
        self.automatic.pop(e.promotion, None)
        if not e.terms.by_coupon:
            self.automatic[e.promotion] = None

    def promotion_ended(self, e: PromotionEnded) -> None:
        self.promotions[e.promotion].is_on = False
        self.automatic.pop(e.promotion, None)

    def coupons_issued(self, e: CouponsIssued) -> None:
        assert e.promotion in self.promotions
        coupon = self.coupons.get(e.coupon)
        if coupon is None:
            limits = e.limit, e.limit_per_customer, e.from_at, e.until_at
            coupon = Coupon(e.promotion, *limits, not e.customers, {}, Uses())
            self.coupons[e.coupon] = coupon
        assert coupon.is_public is not bool(e.customers)
        for customer in e.customers:
            assert customer not in coupon.customers
            coupon.customers[customer] = None
            self.of_customer.setdefault(customer, []).append(e.coupon)

    def coupon_withdrawn(self, e: CouponWithdrawn) -> None:
        self.coupons[e.coupon].is_withdrawn = True

    def discounts_reserved(self, e: DiscountsReserved) -> None:
        for uses in self._uses(e.discounts):
            uses.reserve(e.customer)
        for discount in e.discounts:
            coupon = self.coupons.get(discount.coupon)
            assert not coupon or not coupon.limit or coupon.uses.count <= coupon.limit

    def discounts_redeemed(self, e: DiscountsRedeemed) -> None:
        for uses in self._uses(e.discounts):
            uses.redeem()

    def discounts_given_back(self, e: DiscountsGivenBack) -> None:
        for uses in self._uses(e.discounts):
            uses.give_back(e.customer)

    # internals

    def _uses(self, discounts: list[Discount]) -> Iterator[Uses]:
        for discount in discounts:
            yield self.promotions[discount.promotion].uses
            if discount.coupon:
                yield self.coupons[discount.coupon].uses
