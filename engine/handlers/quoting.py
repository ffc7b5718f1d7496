"""Quoting: a price and a time, promised for a few minutes; or an honest no."""

from dataclasses import dataclass
from functools import partial

from msgspec.structs import replace

from engine.commands import RequestQuote
from engine.events import QuoteOffered
from engine.rejections import RejectionReason as Reason
from engine.rules.areas import area_fault
from engine.rules.availability import sale_fault
from engine.rules.bundling import composed, demand
from engine.rules.couponing import COUPONS, Objection, candidates
from engine.rules.discounting import Bargain, Cart, bargain
from engine.rules.grouping import Member, group_of, members, promised_with, together_fault
from engine.rules.lines import goods_total
from engine.rules.opening import closure, desertion
from engine.rules.pricing import delivery_fee, summed
from engine.rules.promising import (
    IDLE,
    fleet_at_work,
    has_capacity,
    late_preparation_ms,
    preparing_ms,
    promised_ms,
    ready_within_ms,
    retry_after_s,
    ride_ms,
    sooner_ms,
    workload,
)
from engine.rules.scheduling import slot_fault, window_fault, window_of
from engine.rules.skills import missing_anywhere, needed, unable_now
from engine.state.categories import Categories
from engine.state.couriers import Couriers
from engine.state.customers import Customers
from engine.state.deliveries import Deliveries
from engine.state.groups import Groups
from engine.state.inventory import Inventory
from engine.state.listings import Listings
from engine.state.orders import Orders
from engine.state.positions import Positions
from engine.state.prices import Prices
from engine.state.products import Products
from engine.state.promises import Promises
from engine.state.promotions import Promotions
from engine.state.quotes import Quotes
from engine.state.settings import CurrentSettings
from engine.state.staff import Staff
from engine.state.stores import Store, Stores
from engine.turn import Turn
from engine.values import (
    CategoryId,
    Fulfillment,
    GroupId,
    Line,
    Millis,
    Minor,
    OrderId,
    PricedLine,
    Skill,
    Standing,
    StoreId,
)
from geo.points import Point, distance_m


@dataclass(eq=False, slots=True)
class Quoting:
    settings: CurrentSettings
    stores: Stores
    products: Products
    prices: Prices
    customers: Customers
    inventory: Inventory
    couriers: Couriers
    positions: Positions
    deliveries: Deliveries
    quotes: Quotes
    orders: Orders
    categories: Categories
    listings: Listings
    promotions: Promotions
    staff: Staff
    promises: Promises
    groups: Groups

    # commands

    def request_quote(self, turn: Turn, c: RequestQuote) -> None:
        settings = self.settings.current
        if c.coupons and len(dict.fromkeys(c.coupons[:COUPONS])) < len(c.coupons):
            turn.reject(Reason.MALFORMED, field="coupons")
        if self.quotes.get(c.quote):
            turn.reject(Reason.ALREADY_EXISTS)
        store = self._open_store(turn, c)
        lines = summed(c.lines)
        products = [self.products[line.product] for line in lines]
        taken = demand(lines, products)
        self._check_for_sale(turn, c, lines if taken is lines else [*lines, *taken])
        priced = self._priced(turn, c.store, lines)
        load = sum([x.quantity * self.products[x.product].load for x in taken])
        is_carried = c.fulfillment is Fulfillment.DELIVERY
        dropoff = c.dropoff if is_carried else store.location
        far_m = distance_m(store.location, dropoff)
        if is_carried:
            self._check_reach(turn, store, dropoff, load)
        if short := self.inventory.short(c.store, taken):
            available = short.quantity
            turn.reject(Reason.INSUFFICIENT_STOCK, product=short.product, available=available)
        skills = needed(self.products[x.product] for x in taken) if is_carried else []
        promised, sooner = self._promised_ms(turn, store, c, load, skills)
        group, alone_ms = group_of(c.service, c.group), 0
        if group:
            member = self._promised_with(turn, c, group, store, load, skills, promised)
            if not c.window_to_at:
                alone_ms, promised = promised, member.promised_at - turn.at
                sooner = 0  # of those that go together nobody has learned it
        fee = delivery_fee(settings, far_m) if is_carried else Minor(0)
        deal = self._bargain(turn, c, priced, fee)
        if taken is not lines:
            price_of = partial(self.prices.current, c.store, at=turn.at)
            deal = replace(deal, lines=composed(deal.lines, products, price_of))
        turn.emit(
            QuoteOffered(
                c.quote,
                c.service,
                c.customer,
                c.store,
                deal.lines,
                dropoff,
                deal.fee_minor,
                Minor(goods_total(deal.lines) + deal.fee_minor),
                promised,
                Millis(turn.at + settings.quote_life_ms),
                load,
                c.fulfillment,
                c.window_from_at,
                c.window_to_at,
                deal.discounts,
                skills,
                sooner,
                group,
                alone_ms,
            )
        )

    # internals

    def _open_store(self, turn: Turn, c: RequestQuote) -> Store:
        customer = self.customers.get(c.customer)
        if not customer or customer.is_forgotten or not customer.belongs_to(c.service):
            turn.reject(Reason.UNKNOWN, what="customer", id=c.customer)
        store = self.stores.get(c.store)
        if not store:
            turn.reject(Reason.UNKNOWN, what="store", id=c.store)
        for line in c.lines:
            if not self.products.get(line.product):
                turn.reject(Reason.UNKNOWN, what="product", id=line.product)
        if customer.standing is Standing.BLOCKED:
            turn.reject(Reason.CUSTOMER_BLOCKED)
        window, offset_min = window_of(c), self.settings.current.utc_offset_min
        wanted_at = max(window[0], turn.at) if window else turn.at
        turn.reject_for(closure(store, wanted_at, offset_min))
        if not window:
            turn.reject_for(desertion(self.staff, c.store, turn.at))
        else:
            turn.reject_for(window_fault(self.settings.current, turn.at, *window))
        return store

    def _check_for_sale(self, turn: Turn, c: RequestQuote, lines: list[Line]) -> None:
        """Bundles and what is in them, when it is wanted."""
        at, offset_min = c.window_from_at or turn.at, self.settings.current.utc_offset_min
        wanted = [line.product for line in lines]
        turn.reject_for(sale_fault(self.products, self.listings, c.store, wanted, at, offset_min))

    def _priced(self, turn: Turn, store: StoreId, lines: list[Line]) -> list[PricedLine]:
        """The lines at today's prices."""
        priced = []
        for line in lines:
            price = self.prices.current(store, line.product, turn.at)
            if price is None:
                turn.reject(Reason.NO_PRICE, product=line.product)
            priced.append(PricedLine(line.product, line.quantity, price))
        return priced

    def _check_reach(self, turn: Turn, store: Store, dropoff: Point, load: int) -> None:
        """What a courier would have to carry, and where to."""
        settings = self.settings.current
        turn.reject_for(area_fault(store, settings, dropoff))
        if load > settings.load_max:
            turn.reject(Reason.TOO_LARGE, load=load, limit=settings.load_max)

    def _bargain(self, turn: Turn, c: RequestQuote, lines: list[PricedLine], fee: Minor) -> Bargain:
        """What is left to pay after promotions. A coupon that does nothing is told, not ignored."""
        if not c.coupons and not self.promotions.automatic:
            return Bargain(lines, fee, [], {})
        known = candidates(self.promotions, c.coupons, c.customer, turn.at)
        if isinstance(known, Objection):
            turn.reject(known.reason, **known.detail)
        customer = self.customers[c.customer]
        above = [
            list(self.categories.upwards(CategoryId(self.products[x.product].category)))
            for x in lines
        ]
        offset_min = self.settings.current.utc_offset_min
        is_first = not self.orders.has_ordered(c.customer)
        segments = customer.segments
        cart = Cart(c.store, lines, above, fee, turn.at, offset_min, is_first, segments)
        deal = bargain(cart, known)
        for coupon, condition in deal.unmet.items():
            turn.reject(Reason.COUPON_NOT_APPLICABLE, coupon=coupon, condition=condition)
        return deal

    def _promised_ms(
        self, turn: Turn, store: Store, c: RequestQuote, pieces: int, skills: list[Skill]
    ) -> tuple[int, int]:
        """How long it takes from now; by whom it is carried then, a later window leaves open. And
        how much sooner half of such are there, if that is known."""
        settings, preparation_ms = self.settings.current, self._preparation_ms(store, c)
        way_ms = ride_ms(settings, store.location, c.dropoff)
        if c.fulfillment is Fulfillment.COLLECTION:
            promised = ready_within_ms(preparation_ms)
        elif window_of(c):
            promised = promised_ms(settings, preparation_ms, way_ms, IDLE)
        else:
            return self._promised_now_ms(turn, store, preparation_ms, way_ms, pieces, skills)
        if window := window_of(c):
            earliest_at = turn.at + promised
            turn.reject_for(slot_fault(settings, self.orders, c.store, window, earliest_at))
            turn.reject_for(missing_anywhere(self.couriers, skills))
        return promised, 0

    def _promised_with(
        self,
        turn: Turn,
        c: RequestQuote,
        group: GroupId,
        store: Store,
        load: int,
        skills: list[Skill],
        promised: int,
    ) -> Member:
        """With the others of the group, if that breaks no promise: of theirs, or of when at all."""
        settings, window = self.settings.current, (c.window_from_at, c.window_to_at)
        promised_at = Millis(c.window_to_at or turn.at + promised)
        alone = Member(
            OrderId(c.quote),
            store.location,
            c.dropoff,
            c.fulfillment,
            window,
            load,
            skills,
            promised_at,
        )
        found = members(self.groups, self.stores, self.orders, self.deliveries, group)
        member = promised_with(settings, found, alone)
        turn.reject_for(together_fault(settings, self.couriers, [*found, member]))
        if not c.window_to_at and member.promised_at > turn.at + settings.promise_max_ms:
            turn.reject(Reason.NOT_TOGETHER, because="promise", order=c.quote)
        return member

    def _preparation_ms(self, store: Store, c: RequestQuote) -> int:
        """Behind what waits there now; by a later window, that is done."""
        if window_of(c):
            return late_preparation_ms(store)
        return preparing_ms(store, self.orders, self.staff, c.store)

    def _promised_now_ms(
        self,
        turn: Turn,
        store: Store,
        preparation_ms: int,
        way_ms: int,
        pieces: int,
        skills: list[Skill],
    ) -> tuple[int, int]:
        settings = self.settings.current
        turn.reject_for(unable_now(settings, self.couriers, skills, pieces))
        fleet = fleet_at_work(self.couriers, self.positions, self.deliveries, self.orders, skills)
        load = workload(settings, fleet, store.location, self.promises)
        promised = promised_ms(settings, preparation_ms, way_ms, load)
        if not has_capacity(settings, load) or promised > settings.promise_max_ms:
            turn.reject(Reason.NO_CAPACITY_NOW, retry_after_s=retry_after_s(settings))
        return promised, sooner_ms(settings, promised, preparation_ms, way_ms, load)
