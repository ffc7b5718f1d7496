"""Promoting: what is sold for less, who may use it how often, and who bears it in the end."""

from dataclasses import dataclass

from engine.commands import DefinePromotion, EndPromotion, IssueCoupons, WithdrawCoupon
from engine.events import (
    CouponsIssued,
    CouponWithdrawn,
    DiscountsGivenBack,
    DiscountsRedeemed,
    DiscountsReserved,
    LedgerPosted,
    OrderCancelled,
    OrderFulfilled,
    OrderPlaced,
    OrderReturned,
    OrderWrittenOff,
    PromotionDefined,
    PromotionEnded,
)
from engine.rejections import RejectionReason as Reason
from engine.rules.couponing import terms_fault
from engine.rules.horizons import PLANNED_MS, TERMS_MS, horizon_fault
from engine.rules.hours import hours_fault
from engine.rules.lines import subsidy_total
from engine.state.campaigns import Campaigns
from engine.state.customers import Customers
from engine.state.orders import Orders
from engine.state.promotions import Coupon, Promotion, Promotions
from engine.state.stores import Stores
from engine.terms import PLATFORM
from engine.turn import Turn
from engine.values import Posting, PromotionId, StoreId

PROMOTIONS, FEES = "platform:promotions", "platform:delivery_fees"


@dataclass(eq=False, slots=True)
class Promoting:
    stores: Stores
    customers: Customers
    orders: Orders
    promotions: Promotions
    campaigns: Campaigns

    # commands

    def define_promotion(self, turn: Turn, c: DefinePromotion) -> None:
        if field := terms_fault(c.terms):
            turn.reject(Reason.MALFORMED, field=field)
        when = c.terms.conditions
        turn.reject_for(horizon_fault(turn.at, when.from_at, PLANNED_MS, "from_at"))
        turn.reject_for(horizon_fault(turn.at, when.until_at, TERMS_MS, "until_at"))
        if (fault := hours_fault(when.hours)) is not None:
            turn.reject(Reason.MALFORMED, field="hours", **fault)
        known = self.promotions.get(c.promotion)
        if known and known.terms.bearer != c.terms.bearer:
            turn.reject(Reason.ALREADY_EXISTS)
        bearer = [c.terms.bearer] if c.terms.bearer != PLATFORM else []
        for store in [*bearer, *c.terms.conditions.stores]:
            if not self.stores.get(store):
                turn.reject(Reason.UNKNOWN, what="store", id=store)
        turn.emit(PromotionDefined(c.promotion, c.terms))

    def end_promotion(self, turn: Turn, c: EndPromotion) -> None:
        self._own(turn, c.promotion, c.bearer)
        turn.emit(PromotionEnded(c.promotion))

    def issue_coupons(self, turn: Turn, c: IssueCoupons) -> None:
        """Who has it already is passed by: a campaign may be repeated."""
        for field in ("limit", "limit_per_customer", "from_at"):
            if getattr(c, field) < 0:
                turn.reject(Reason.MALFORMED, field=field)
        if c.until_at and c.until_at <= c.from_at:
            turn.reject(Reason.MALFORMED, field="until_at")
        turn.reject_for(horizon_fault(turn.at, c.from_at, PLANNED_MS, "from_at"))
        turn.reject_for(horizon_fault(turn.at, c.until_at, TERMS_MS, "until_at"))
        known = self.promotions.coupon(c.coupon)
        if c.coupon in self.campaigns.of_coupon:  # it knows who is to have it, and who is not
            turn.reject(Reason.ALREADY_EXISTS)
        if known and (c.customers == [] or not _is_more_of(known, c)):
            turn.reject(Reason.ALREADY_EXISTS)
        if not self._own(turn, c.promotion, c.bearer).terms.by_coupon:
            turn.reject(Reason.MALFORMED, field="promotion")  # everybody has it already
        fresh = dict.fromkeys(x for x in c.customers if not known or x not in known.customers)
        for customer in fresh:
            known_customer = self.customers.get(customer)
            if not known_customer or known_customer.is_forgotten:
                turn.reject(Reason.UNKNOWN, what="customer", id=customer)
        if known and not fresh:
            turn.reject(Reason.ALREADY_EXISTS)
        limits = c.limit, c.limit_per_customer, c.from_at, c.until_at
        turn.emit(CouponsIssued(c.coupon, c.promotion, list(fresh), *limits))

    def withdraw_coupon(self, turn: Turn, c: WithdrawCoupon) -> None:
        coupon = self.promotions.coupon(c.coupon)
        bearer = self.promotions[coupon.promotion].terms.bearer if coupon else PLATFORM
        if not coupon or c.bearer not in (PLATFORM, bearer):
            turn.reject(Reason.UNKNOWN, what="coupon", id=c.coupon)
        turn.emit(CouponWithdrawn(c.coupon))

    # follow-ups

    def reserve(self, turn: Turn, e: OrderPlaced) -> None:
        if e.discounts:
            turn.emit(DiscountsReserved(e.order, e.customer, e.discounts))

    def redeem(self, turn: Turn, e: OrderFulfilled) -> None:
        discounts = self.orders[e.order].placed.discounts
        if discounts:
            turn.emit(DiscountsRedeemed(e.order, discounts))

    def give_back(self, turn: Turn, e: OrderCancelled | OrderReturned | OrderWrittenOff) -> None:
        placed = self.orders[e.order].placed
        if placed.discounts:
            turn.emit(DiscountsGivenBack(e.order, placed.customer, placed.discounts))

    def bear(self, turn: Turn, e: OrderFulfilled) -> None:
        """The store gets its prices less its own discounts, the platform the whole fee: what the
        customer did not pay of them, whoever promised it does."""
        order = self.orders[e.order]
        discounts = order.placed.discounts
        if not discounts:
            return
        store = f"store:{order.placed.store}"
        goods = subsidy_total(order.lines)
        fee = sum(x.fee_minor for x in discounts)
        by_platform = sum(x.fee_minor for x in discounts if x.bearer == PLATFORM)
        postings = (
            (PROMOTIONS, goods + by_platform),
            (store, fee - by_platform - goods),
            (FEES, -fee),
        )
        told = [Posting(*x) for x in postings if x[1]]
        if told:
            turn.emit(LedgerPosted(e.order, "promotions", told))

    # internals

    def _own(self, turn: Turn, key: PromotionId, bearer: StoreId) -> Promotion:
        """A store's own; for the platform, anyone's."""
        promotion = self.promotions.get(key)
        if not promotion or bearer not in (PLATFORM, promotion.terms.bearer):
            turn.reject(Reason.UNKNOWN, what="promotion", id=key)
        return promotion


def _is_more_of(known: Coupon, c: IssueCoupons) -> bool:
    """The same coupon for more customers."""
    terms = known.promotion, known.limit, known.limit_per_customer, known.from_at, known.until_at
    asked = c.promotion, c.limit, c.limit_per_customer, c.from_at, c.until_at
    return terms == asked and not known.is_public and not known.is_withdrawn
