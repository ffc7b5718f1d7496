"""What customers ask for besides their goods at their door as soon as possible.

Drawn from streams of its own, named after the visit: who comes, and for what, stays the same.
"""

from dataclasses import dataclass

from msgspec.structs import replace

from engine.commands import PlaceOrder, RegisterCustomer, ReportCollection, RequestQuote, SetConsent
from engine.events import AnyEvent, OrderReady, QuoteOffered
from engine.projections import Projections
from engine.queries.assortment import on_sale
from engine.rules.proving import age_checked_goods
from engine.values import (
    CASH,
    MINUTE,
    CouponId,
    CustomerId,
    Fulfillment,
    Instead,
    Line,
    Millis,
    Minor,
    OrderId,
    ProductId,
    Proof,
    ProviderId,
    Purpose,
    QuoteId,
    ServiceId,
    StoreId,
)
from simulation.commerce.parts import Commerce
from simulation.commerce.parts import Shoppers as Habits
from simulation.commerce.shortages import shortage_wish
from simulation.days.city import StoreSite
from simulation.scenarios.scenario import Scenario
from simulation.streams import RandomStreams
from simulation.world import World

LOOKS_AT = 5  # of what is suggested
CODES = 1_000_000  # of six digits, to say at the counter


@dataclass(frozen=True, slots=True)
class Choice:
    """How one visit is different; everything false: it is not."""

    collects: bool = False
    code: str = ""
    schedules: bool = False
    tip_minor: int = 0
    uses_coupon: bool = False
    buys_bundle: bool = False
    follows_suggestion: bool = False
    provider: str = ""  # the bank, unless told


def choice_of(streams: RandomStreams, commerce: Commerce, key: str) -> Choice:
    """What the visitor of that key chooses; as many numbers whatever they are."""
    habits, draws = commerce.shoppers, streams.named("choice", key)
    collects, schedules = draws.chance(habits.collects), draws.chance(habits.schedules)
    code, tips = f"{draws.below(CODES):06d}", draws.chance(habits.tips)
    coupon, bundle = draws.chance(habits.uses_coupon), draws.chance(habits.buys_bundle)
    follows = draws.chance(habits.follows_suggestion)
    shares = [(str(CASH), 0.0 if collects else habits.pays_cash)]
    shares += [(x.name, x.share) for x in commerce.providers]
    lot, provider = draws.random(), ""
    for name, share in shares:
        if lot < share:
            provider = name
            break
        lot -= share
    tip_minor = habits.tip_minor if tips and not collects else 0
    return Choice(
        collects, code, schedules, tip_minor, coupon, bundle, follows and not bundle, provider
    )


def comes_after_ms(streams: RandomStreams, habits: Habits, order: OrderId) -> int | None:
    """From being ready to the counter; None: never."""
    draws = streams.named("collection", order)
    after_ms = round(habits.comes_after_min.draw(draws) * MINUTE)
    return None if draws.chance(habits.never_comes) else after_ms


def window(habits: Habits, now: int) -> tuple[Millis, Millis]:
    from_at = now + round(habits.window_after_min * MINUTE)
    return Millis(from_at), Millis(from_at + round(habits.window_min * MINUTE))


class Shoppers:
    """Asks and orders for everybody; without commerce in the scenario, as it is told to."""

    def __init__(
        self,
        world: World,
        scenario: Scenario,
        service: ServiceId,
        projections: Projections | None,
    ) -> None:
        self._world, self._service = world, service
        self._commerce, self._load_max = scenario.commerce, scenario.engine.load_max
        self._bundles = [*scenario.commerce.bundles] if scenario.commerce else []
        self._projections = projections or Projections()  # suggestions are made from these
        self.suggested = self.followed = 0
        if scenario.commerce is not None:
            world.subscribe(OrderReady, self._collect)

    def register(self, customer: CustomerId) -> None:
        """With what the customer allows us."""
        if self._commerce is None:
            self._world.submit(RegisterCustomer(customer))
            return
        self._world.submit(RegisterCustomer(customer, self._service))
        habits, draws = self._commerce.shoppers, self._world.streams.named("consent", customer)
        for purpose, share in (
            (Purpose.MARKETING, habits.allows_marketing),
            (Purpose.PERSONALIZATION, habits.allows_personalization),
        ):
            if draws.chance(share):
                self._world.submit(SetConsent(customer, purpose, True, self._service))

    def ask(self, key: str, plain: RequestQuote) -> AnyEvent:
        """The engine's answer; whoever cannot have what was special asks for less of it."""
        if self._commerce is None:
            return self._world.submit(plain).events[0]
        asked = self._special(self._choice(key), plain)
        answer = self._world.submit(asked).events[0]
        others = [replace(asked, coupons=[])] if asked.coupons else []
        for n, other in enumerate((*others, plain), 1):
            if isinstance(answer, QuoteOffered) or asked == plain:
                break
            asked = other
            again = replace(other, quote=QuoteId(f"{plain.quote}/again{n}"))
            answer = self._world.submit(again).events[0]
        return answer

    def placing(
        self, key: str, site: StoreSite, quote: QuoteOffered, plain: PlaceOrder
    ) -> PlaceOrder:
        """With a code for who collects, a tip, a wish for a shortage, and by which provider."""
        place = replace(plain, quote=quote.quote)
        if self._commerce is None:
            return place
        choice = self._choice(key)
        wish = shortage_wish(
            self._world.streams,
            self._commerce.shoppers,
            key,
            site,
            [x.product for x in quote.lines],
            quote.fulfillment is Fulfillment.COLLECTION,
        )
        if wish.if_missing:
            instead = [Instead(ProductId(x), ProductId(y)) for x, y in wish.instead]
            place = replace(place, if_missing=[*wish.if_missing], instead=instead)
        if choice.provider:
            place = replace(place, provider=ProviderId(choice.provider))
        if quote.fulfillment is Fulfillment.COLLECTION:
            return replace(place, proof=Proof.PIN, pin=choice.code)
        return replace(place, tip_minor=Minor(choice.tip_minor))

    # internals

    def _choice(self, key: str) -> Choice:
        assert self._commerce is not None
        return choice_of(self._world.streams, self._commerce, key)

    def _special(self, choice: Choice, plain: RequestQuote) -> RequestQuote:
        assert self._commerce is not None
        asked, habits = plain, self._commerce.shoppers
        if choice.collects:
            asked = replace(asked, fulfillment=Fulfillment.COLLECTION)
        if choice.schedules:
            from_at, to_at = window(habits, self._world.now)
            asked = replace(asked, window_from_at=from_at, window_to_at=to_at)
        if choice.buys_bundle and (bundle := self._bundle(plain)):
            asked = replace(asked, lines=[Line(bundle, 1)])
        if choice.follows_suggestion and (best := self._best(plain)):
            asked = replace(asked, lines=[*plain.lines, Line(best, 1)])
        if choice.uses_coupon and (coupon := self._coupon(plain.customer)):
            asked = replace(asked, coupons=[coupon])
        return asked

    def _bundle(self, asked: RequestQuote) -> ProductId | None:
        """The first the store has, instead of what was in the cart."""
        for x in self._bundles:
            sold = self._sold(asked.store, ProductId(x.id))
            if sold:
                return ProductId(x.id)
        return None

    def _best(self, asked: RequestQuote) -> ProductId | None:
        """The best of what is suggested, if it can be bought now and still be carried."""
        state, at = self._world.state, self._world.now
        allows = state.customers[asked.customer].may_be(Purpose.PERSONALIZATION)
        customer = asked.customer if allows else None
        cart = [x.product for x in asked.lines]
        load = sum(x.quantity * state.products[x.product].load for x in asked.lines)
        tastes = self._projections.tastes
        for x in tastes.suggested(asked.store, at, customer, cart)[:LOOKS_AT]:
            if self._sold(asked.store, x.product):
                self.suggested += 1
                if load + state.products[x.product].load > self._load_max:
                    return None
                self.followed += 1
                return x.product
        return None

    def _sold(self, store: StoreId, product: ProductId) -> bool:
        """There, now, and on the shelf."""
        state, at = self._world.state, self._world.now
        sold = on_sale(state, store, product, at)
        return sold is not None and sold.available > 0 and sold.sold_at == at

    def _coupon(self, customer: CustomerId) -> CouponId | None:
        """The customer's own, of a campaign; else one for everybody; used up ones are not shown."""
        state = self._world.state
        assert self._commerce is not None
        running = [state.campaigns[x] for x in state.campaigns.running.get(customer, ())]
        own = [x.launched.coupon for x in running if not x.members[customer].is_held_out]
        public = [CouponId(x.coupon) for x in self._commerce.promotions if x.coupon]
        for code in (*own, *public):
            coupon = state.promotions.coupon(code)
            if coupon is not None and not coupon.exhausted(customer):
                return code
        return None

    def _collect(self, e: OrderReady) -> None:
        """The customer sets off when it is said to be ready."""
        order = self._world.state.orders[e.order]
        if not order.is_collection:
            return
        assert self._commerce is not None
        after_ms = comes_after_ms(self._world.streams, self._commerce.shoppers, e.order)
        if after_ms is not None:
            placed = order.placed
            looks = bool(age_checked_goods(self._world.state.products, order.lines))
            come = ReportCollection(placed.store, e.order, placed.pin, age_checked=looks)
            self._world.after(after_ms, come)
