"""Cases of selling for less: a promotion, a coupon for it, and an order that uses them."""

from engine import commands as c
from engine import events as e
from engine import terms as t
from engine.terms import ActionKind as K
from engine.values import Line
from tests import cases
from tests.cases import HOME, Case, city, paid

ANY = t.Conditions()
TENTH = t.Action(K.PERCENT, 100)
WEEK_MIN = 7 * 24 * 60


def off(*actions: t.Action, when: t.Conditions = ANY, **more) -> t.PromotionTerms:
    return t.PromotionTerms("less", when, list(actions) or [TENTH], **more)


def selling(terms: t.PromotionTerms, stock: int = 9, name: str = "p", **more) -> Case:
    case = city(stock, **more).at(0, c.RegisterCustomer("bob"))
    return case.at(0, c.DefinePromotion(name, terms)).emits(e.PromotionDefined)


def with_coupon(limit: int = 0, each: int = 1, customers: tuple[str, ...] = (), **terms) -> Case:
    case = selling(off(by_coupon=True, **terms))
    issue = c.IssueCoupons("TEN", "p", list(customers), limit, each)
    return case.at(0, issue).emits(e.CouponsIssued)


def asks(name: str = "q", *coupons: str, customer: str = "ann", pieces: int = 1) -> c.RequestQuote:
    lines = [Line("ramen", pieces)]
    return c.RequestQuote(name, "app", customer, "store", lines, HOME, coupons=list(coupons))


def total(case: Case) -> int:
    assert isinstance(case.events[0], e.QuoteOffered), case.events
    return case.events[0].total_minor


def finish(case: Case, end: c.AnyCommand | None = None) -> Case:
    order = case.state.orders["o"]
    if order.due_minor:
        case.at(case.now_s + 1, paid(amount=order.due_minor))
    case.at(case.now_s + 1, c.AcceptOrder("store", "o", case.engine.now)).until_planning()
    case.plan(case.now_s + 1, {"kim": cases.there()}, ("o/1",))
    case.at(case.now_s + 1, c.AcceptOffer("kim", "o/1"))
    case.at(case.now_s + 1, c.ReportPickup("kim", "o/1"))
    return case.at(case.now_s + 1, end or c.ReportDropoff("kim", "o/1"))
