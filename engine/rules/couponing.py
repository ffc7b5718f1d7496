"""Which promotions come into question for a customer, and which coupons no longer do."""

from collections.abc import Sequence
from typing import NamedTuple

from engine.rejections import Detail
from engine.rejections import RejectionReason as Reason
from engine.rules.discounting import Candidate
from engine.state.promotions import Promotions
from engine.terms import Action, ActionKind, Discount, PromotionTerms, Selection
from engine.values import CouponId, CustomerId, Millis

COUPONS = 10  # to one quote
ACTIONS = 10
SELECTED = 500  # products, categories, stores or segments named by one promotion
PERMILLE_MAX = 1_000
AMOUNT_MAX = 10**12
COUNT_MAX = 10**6
PRIORITY_MAX = 1_000
TIME_MAX = 10**14
K = ActionKind


class Objection(NamedTuple):
    """Why not, as a rejection says it."""

    reason: Reason
    detail: Detail


def candidates(
    promotions: Promotions, coupons: list[CouponId], customer: CustomerId, at: Millis
) -> list[Candidate] | Objection:
    """All promotions without a coupon that are not used up, and those of the coupons given.

    A coupon somebody else was given is unknown, as is one that never was.
    """
    found = []
    for key in promotions.automatic:
        promotion = promotions[key]
        if not promotion.exhausted(customer):
            found.append(Candidate(key, promotion.terms))
    for code in coupons:
        coupon = promotions.coupon(code)
        if not coupon or not coupon.is_for(customer):
            return Objection(Reason.UNKNOWN, {"what": "coupon", "id": code})
        promotion = promotions[coupon.promotion]
        if at < coupon.from_at:
            return Objection(Reason.COUPON_NOT_VALID, {"coupon": code, "from_at": coupon.from_at})
        if coupon.until_at and at >= coupon.until_at:
            return Objection(Reason.COUPON_NOT_VALID, {"coupon": code, "until_at": coupon.until_at})
        if not promotion.is_on or not promotion.terms.by_coupon:
            return Objection(Reason.COUPON_NOT_VALID, {"coupon": code})
        if coupon.exhausted(customer) or promotion.exhausted(customer):
            return Objection(Reason.COUPON_USED, {"coupon": code})
        if any(x.promotion == coupon.promotion for x in found):
            detail: Detail = {"coupon": code, "condition": "one_per_promotion"}
            return Objection(Reason.COUPON_NOT_APPLICABLE, detail)
        found.append(Candidate(coupon.promotion, promotion.terms, code))
    return found


def used_up(
    promotions: Promotions, discounts: list[Discount], customer: CustomerId, *, is_first: bool
) -> Objection | None:
    """Whether what a quote promises has meanwhile been used by somebody else, or by himself."""
    for x in discounts:
        promotion, coupon = promotions[x.promotion], promotions.coupon(x.coupon)
        if coupon and (coupon.exhausted(customer) or promotion.exhausted(customer)):
            return Objection(Reason.COUPON_USED, {"coupon": x.coupon})
        first_only = promotion.terms.conditions.first_order
        if promotion.exhausted(customer) or (first_only and not is_first):
            return Objection(Reason.PROMOTION_USED, {"promotion": x.promotion})
    return None


# what a promotion may be


def terms_fault(terms: PromotionTerms) -> str:
    """The first field nobody can sell by, or nothing. Its hours are looked at apart."""
    c = terms.conditions
    checks = (
        ("name", 0 < len(terms.name) <= 1_000),
        ("priority", abs(terms.priority) <= PRIORITY_MAX),
        ("limit", 0 <= terms.limit <= COUNT_MAX),
        ("limit_per_customer", 0 <= terms.limit_per_customer <= COUNT_MAX),
        ("order_min", 0 <= c.order_min_minor <= AMOUNT_MAX),
        ("pieces_min", 0 <= c.pieces_min <= COUNT_MAX),
        ("contains", _is_sound(c.contains)),
        ("segments", _are_names(c.segments)),
        ("stores", _are_names(c.stores)),
        ("from_at", 0 <= c.from_at <= TIME_MAX),
        ("until_at", c.until_at == 0 or c.from_at < c.until_at <= TIME_MAX),
        ("actions", 0 < len(terms.actions) <= ACTIONS),
    )
    named = next((name for name, holds in checks if not holds), "")
    return named or next((x for x in map(_action_fault, terms.actions) if x), "")


def _action_fault(x: Action) -> str:
    """What an action needs it has, and nothing that means nothing to it."""
    by_rate = x.kind in (K.PERCENT, K.BUY_GET)
    by_amount = x.kind in (K.AMOUNT, K.AMOUNT_EACH)
    by_pieces = x.kind in (K.X_FOR_Y, K.BUY_GET)
    delivery = x.kind is K.FREE_DELIVERY
    checks = (
        ("permille", 0 < x.permille <= PERMILLE_MAX if by_rate else x.permille == 0),
        ("amount", 0 < x.amount_minor <= AMOUNT_MAX if by_amount else x.amount_minor == 0),
        ("limit_amount", 0 <= x.limit_minor <= AMOUNT_MAX),
        ("targets", x.targets == Selection() if delivery else _is_sound(x.targets)),
        ("buy", 0 < x.buy <= COUNT_MAX if by_pieces else x.buy == 0),
        ("pay", 0 < x.pay < x.buy if x.kind is K.X_FOR_Y else x.pay == 0),
        ("get", 0 < x.get <= COUNT_MAX if x.kind is K.BUY_GET else x.get == 0),
    )
    return next((f"actions.{name}" for name, holds in checks if not holds), "")


def _is_sound(selection: Selection) -> bool:
    return _are_names(selection.products) and _are_names(selection.categories)


def _are_names(names: Sequence[str]) -> bool:
    return len(names) <= SELECTED and all(0 < len(x) <= 200 for x in names)
