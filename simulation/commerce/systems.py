"""The six systems of a market in figures: products, orders, payments, logistics, customers, and
analytics; from records alone, so a journal gives the same."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from engine import events as e
from engine.commands import CountStock
from engine.engine import Record
from engine.projections import Projections
from engine.projections.funnel import FunnelHour
from engine.projections.hours import KEPT_H
from engine.projections.sales import StoreSales, kind_of
from engine.rules.bookkeeping import COURIER_COST
from engine.rules.emissions import GRAMS_PER_KM
from engine.rules.pricing import NOT_COLLECTED
from engine.rules.working_time import worked
from engine.state import State
from engine.state.complaints import ComplaintStatus
from engine.state.orders import OrderStatus
from engine.values import HOUR, DeliveryId, Millis, OrderId, PaymentPurpose, Purpose, Rescue

FULFILLED = OrderStatus.FULFILLED
Fold = Callable[[Millis, Any], None]


class ProductFigures(Struct, frozen=True):
    listed: int
    bundles: int
    bundles_sold: int
    prices_changed: int  # after the first of a product in a store
    discounts_minor: int  # of fulfilled orders
    receipts: int
    till_minor: int  # less what was given back
    shelves_counted: int
    pieces_short: int  # found by counting
    purchases: int  # received
    transfers: int
    staff: int = 0  # who clocked in
    worked_h: float = 0.0  # paid


class OrderFigures(Struct, frozen=True):
    placed: int
    delivered: int
    collected: int
    not_collected: int
    scheduled: int
    with_coupon: int
    brought_again: int
    returns: int  # of goods, after an order was fulfilled
    ended_early: int
    fetched: int = 0  # of the returns, by a courier
    wished: int = 0  # said beforehand what to do about a shortage
    shortages: dict[str, int] = {}  # what was done about them


class PaymentFigures(Struct, frozen=True):
    captured_minor: dict[str, int]  # by provider
    refunded_minor: int
    tips_minor: int
    cash_handed_in_minor: int
    bill_lines: int
    agreed: int
    differences: dict[str, int]  # by kind


class LogisticsFigures(Struct, frozen=True):
    couriers: int
    delivered: int
    on_time: int
    on_duty_h: float
    ridden_km: float
    co2e_kg: float
    courier_pay_minor: int


class CustomerFigures(Struct, frozen=True):
    customers: int
    allow_marketing: int
    withdrawn: int
    segments: dict[str, int]
    ratings: int
    stars: float  # on average
    complaints: int
    closed: int
    treated: int  # of all campaigns
    held_out: int
    redeemed: int


class AnalyticsFigures(Struct, frozen=True):
    asked: int
    offered: int
    placed: int
    fulfilled: int
    charged_minor: int  # revenue: goods and delivery of the fulfilled, after discounts
    credited_minor: int  # to stores
    ledger_minor: int  # the same, by the ledger's balances
    is_balanced: bool | None  # every kind of account: the projections say what the ledger says;
    suggested: int = 0
    followed: int = 0


class Systems(Struct, frozen=True):
    products: ProductFigures
    orders: OrderFigures
    payments: PaymentFigures
    logistics: LogisticsFigures
    customers: CustomerFigures
    analytics: AnalyticsFigures


class Bookkeeping:
    """Folds every record; `figures(state, at)` whenever you like, of the state they lead to."""

    def __init__(self) -> None:
        self.projections = Projections()
        self.suggested = self.followed = 0  # told by who asked; no record says so
        self._began: Millis | None = None
        self._counts: Counter[str] = Counter()
        self._remedies: Counter[Rescue] = Counter()
        self._lines: dict[OrderId, int] = {}  # bundles in orders that are open
        self._legs: dict[DeliveryId, None] = {}  # that were to fetch what goes back
        self._folds: dict[type[Any], Fold] = {
            e.OrderPlaced: self._placed,
            e.OrderFulfilled: self._fulfilled,
            e.OrderCancelled: self._cancelled,
            e.ShortageRemedied: self._remedied,
            e.OrderReattempted: self._count("brought_again"),
            e.ChangeReceived: self._count("returns"),
            e.ReturnFetched: self._sent_for,
            e.DeliveryReturned: self._brought,
            e.StockCounted: self._counted,
            e.PurchaseClosed: self._count("purchases"),
            e.TransferReceived: self._count("transfers"),
            e.PriceSet: self._count("prices"),
            e.CashHandedIn: self._handed_in,
            e.ConsentSet: self._consent,
        }

    def see(self, record: Record) -> None:
        """One more, in order."""
        if self._began is None:
            self._began = record.at
        if type(record.command) is CountStock and record.rejection is None:
            self._counts["shelves_counted"] += 1
        self.projections.fold(record)
        for event in record.events:
            fold = self._folds.get(type(event))
            if fold is not None:
                fold(record.at, event)

    def figures(self, s: State, at: Millis) -> Systems:
        self.projections.emissions.read_all(at)
        return Systems(
            self._products(s, at),
            self._orders(s),
            self._payments(s),
            self._logistics(s, at),
            self._customers(s),
            self._analytics(s, at),
        )

    # the six

    def _products(self, s: State, at: Millis) -> ProductFigures:
        sales, counts, cards = self._sales(), self._counts, s.staff.timecards.values()
        products = s.products.products.values()
        first = sum(len(shelf) for shelf in s.prices.history.values())
        return ProductFigures(
            listed=sum(x.is_listed for x in products),
            bundles=sum(bool(x.components) for x in products),
            bundles_sold=counts["bundles"],
            prices_changed=counts["prices"] - first,
            discounts_minor=sales.discounts_minor,
            receipts=sales.receipts,
            till_minor=sales.till_minor - sales.till_refunded_minor,
            shelves_counted=counts["shelves_counted"],
            pieces_short=counts["pieces_short"],
            purchases=counts["purchases"],
            transfers=counts["transfers"],
            staff=len(dict.fromkeys(x.staff for x in cards)),
            worked_h=round(sum(worked(x, 0, at, at).paid_ms for x in cards) / HOUR, 1),
        )

    def _orders(self, s: State) -> OrderFigures:
        promises, counts = self.projections.punctuality.total, self._counts
        return OrderFigures(
            placed=counts["placed"],
            delivered=promises.delivered,
            collected=promises.collected,
            not_collected=counts["not_collected"],
            scheduled=counts["scheduled"],
            with_coupon=counts["with_coupon"],
            brought_again=counts["brought_again"],
            returns=counts["returns"],
            ended_early=self.projections.sales.ended_early,
            fetched=counts["fetched"],
            wished=counts["wished"],
            shortages={x: self._remedies[x] for x in Rescue if self._remedies[x]},
        )

    def _payments(self, s: State) -> PaymentFigures:
        captured, differences = Counter[str](), Counter[str]()
        refunded = tips = 0
        for _, payment, _ in s.payments.everything():
            captured[payment.provider] += payment.captured_minor
            refunded += payment.refunded_minor
            if payment.purpose is PaymentPurpose.TIP:
                tips += payment.captured_minor
            elif payment.captured_minor and s.orders[payment.order].status is FULFILLED:
                tips += s.orders[payment.order].placed.tip_minor
        bills = s.reconciliations.reconciliations.values()
        for bill in bills:
            differences.update(str(x.kind) for x in bill.differences)
        return PaymentFigures(
            captured_minor={k: v for k, v in sorted(captured.items()) if v},
            refunded_minor=refunded,
            tips_minor=tips,
            cash_handed_in_minor=self._counts["handed_in_minor"],
            bill_lines=sum(x.lines for x in bills),
            agreed=sum(x.agreed for x in bills),
            differences=dict(sorted(differences.items())),
        )

    def _logistics(self, s: State, at: Millis) -> LogisticsFigures:
        fleet, promises = self.projections.utilization, self.projections.punctuality.total
        work = [fleet.so_far(x, at) for x in fleet.workers]
        rides = [
            (vehicle, ridden.ridden_mm)
            for hour in self.projections.emissions.hours.values()
            for vehicle, ridden in hour.vehicles.items()
        ]
        pay = sum(x.books.get(COURIER_COST, 0) for x in self.projections.sales.hours.values())
        return LogisticsFigures(
            couriers=len(work),
            delivered=promises.delivered,
            on_time=promises.on_time,
            on_duty_h=round(sum(x.on_duty_ms for x in work) / HOUR, 1),
            ridden_km=round(sum(mm for _, mm in rides) / 10**6, 1),
            co2e_kg=round(sum(mm * GRAMS_PER_KM[x] for x, mm in rides) / 10**9, 3),
            courier_pay_minor=pay,
        )

    def _customers(self, s: State) -> CustomerFigures:
        everybody = s.customers.customers.values()
        tallies = s.ratings.stores.values()
        ratings = sum(x.count for x in tallies)
        complaints = s.complaints.complaints.values()
        campaigns = s.campaigns.campaigns.values()
        return CustomerFigures(
            customers=len(everybody),
            allow_marketing=sum(x.may_be(Purpose.MARKETING) for x in everybody),
            withdrawn=self._counts["withdrawn"],
            segments={k: v for k, v in sorted(s.customers.sizes.items()) if v},
            ratings=ratings,
            stars=round(sum(x.total for x in tallies) / ratings, 2) if ratings else 0.0,
            complaints=len(complaints),
            closed=sum(x.status is ComplaintStatus.CLOSED for x in complaints),
            treated=sum(x.treated.members for x in campaigns),
            held_out=sum(x.held_out.members for x in campaigns),
            redeemed=sum(x.treated.redeemed for x in campaigns),
        )

    def _analytics(self, s: State, at: Millis) -> AnalyticsFigures:
        steps, sales, books = FunnelHour(), self._sales(), Counter[str]()
        for row in self.projections.funnel.hours.values():
            steps.add(row)
        for hour in self.projections.sales.hours.values():
            books.update(hour.books)
        ledger = Counter[str]()
        for account, amount in s.ledger.balances.items():
            ledger[kind_of(account)] += amount
        is_whole = self._began is not None and at - self._began < (KEPT_H - 1) * HOUR
        same = all(books[kind] == ledger[kind] for kind in {**books, **ledger})
        return AnalyticsFigures(
            asked=steps.asked,
            offered=steps.offered,
            placed=steps.placed,
            fulfilled=steps.fulfilled,
            charged_minor=sales.charged_minor,
            credited_minor=sales.credited_minor,
            ledger_minor=-ledger["store"],
            is_balanced=same if is_whole else None,
            suggested=self.suggested,
            followed=self.followed,
        )

    def _sales(self) -> StoreSales:
        total = StoreSales()
        for hour in self.projections.sales.hours.values():
            total.add(hour.all)
        return total

    # records

    def _count(self, name: str) -> Fold:
        def fold(_: Millis, __: Any) -> None:
            self._counts[name] += 1

        return fold

    def _placed(self, _: Millis, x: e.OrderPlaced) -> None:
        self._counts["placed"] += 1
        self._counts["scheduled"] += bool(x.window_to_at)
        self._counts["with_coupon"] += any(d.coupon for d in x.discounts)
        self._counts["wished"] += bool(x.if_missing)
        self._lines[x.order] = sum(line.quantity for line in x.lines if line.components)

    def _remedied(self, _: Millis, x: e.ShortageRemedied) -> None:
        self._remedies[x.remedy] += 1

    def _fulfilled(self, _: Millis, x: e.OrderFulfilled) -> None:
        self._counts["bundles"] += self._lines.pop(x.order, 0)

    def _cancelled(self, _: Millis, x: e.OrderCancelled) -> None:
        self._counts["not_collected"] += x.reason == NOT_COLLECTED

    def _sent_for(self, _: Millis, x: e.ReturnFetched) -> None:
        self._legs[x.delivery] = None

    def _brought(self, _: Millis, x: e.DeliveryReturned) -> None:
        self._counts["fetched"] += x.delivery in self._legs

    def _counted(self, _: Millis, x: e.StockCounted) -> None:
        self._counts["pieces_short"] += max(0, -x.difference)

    def _handed_in(self, _: Millis, x: e.CashHandedIn) -> None:
        self._counts["handed_in_minor"] += x.amount_minor

    def _consent(self, _: Millis, x: e.ConsentSet) -> None:
        self._counts["withdrawn"] += not x.given
