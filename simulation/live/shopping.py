"""What live customers ask for besides their goods at their door as soon as possible.

The same choices as in the simulation, over the wire: what is suggested comes from the server.
"""

from msgspec.structs import replace

from gateway import messages as m
from simulation.commerce.parts import Commerce
from simulation.commerce.shoppers import choice_of, window
from simulation.commerce.shortages import shortage_wish
from simulation.commerce.trading import is_sold
from simulation.live.city_time import text
from simulation.live.party import Party
from simulation.people.demand import Wish

CONSENTS: tuple[m.Purpose, ...] = ("marketing", "personalization")


class Shopping:
    """Habits of the customers of one order service."""

    def __init__(self, service: Party, commerce: Commerce) -> None:
        self._service, self._commerce = service, commerce
        self._streams = service.world.streams
        self._currency = service.world.scenario.engine.currency

    async def introduce(self, customer: str) -> None:
        """With what the customer allows us."""
        habits, draws = self._commerce.shoppers, self._streams.named("consent", customer)
        shares = habits.allows_marketing, habits.allows_personalization
        for purpose, share in zip(CONSENTS, shares, strict=True):
            if draws.chance(share):
                await self._service.ask(m.SetConsent(customer, purpose, True))

    async def special(self, wish: Wish, plain: m.RequestQuote) -> m.RequestQuote:
        """What this visit asks for first."""
        choice, habits = choice_of(self._streams, self._commerce, wish.key), self._commerce.shoppers
        asked = plain
        if choice.collects:
            asked = replace(asked, fulfillment="collection")
        if choice.schedules:
            from_at, to_at = window(habits, self._service.world.time.now())
            asked = replace(asked, window=m.Window(text(from_at), text(to_at)))
        bundles = [x for x in self._commerce.bundles if is_sold(x, wish.store)]
        if choice.buys_bundle and bundles:
            asked = replace(asked, lines=[m.Line(bundles[0].id, 1)])
        if choice.follows_suggestion and (best := await self._best(plain)):
            asked = replace(asked, lines=[*plain.lines, m.Line(best, 1)])
        if choice.uses_coupon and (coupon := await self._coupon(plain.customer)):
            asked = replace(asked, coupons=[coupon])
        return asked

    def placing(self, wish: Wish, plain: m.PlaceOrder, quote: m.Quote) -> m.PlaceOrder:
        """With a code for who collects, a tip, a wish for a shortage, or by another provider."""
        choice = choice_of(self._streams, self._commerce, wish.key)
        is_collected = quote.fulfillment == "collection"
        habits, products = self._commerce.shoppers, [x.product for x in quote.lines]
        said = shortage_wish(self._streams, habits, wish.key, wish.store, products, is_collected)
        if said.if_missing:
            named = [m.Instead(x, y) for x, y in said.instead]
            plain = replace(plain, if_missing=[x.value for x in said.if_missing], instead=named)
        if is_collected:
            code = self._service.world.street.code(plain.order)
            return replace(plain, proof="pin", pin=code)
        known = self._service.world.pays_with
        provider = choice.provider if choice.provider in known else plain.provider
        tip = m.Money(choice.tip_minor, self._currency) if choice.tip_minor else None
        return replace(plain, provider=provider, tip=tip)

    async def _coupon(self, customer: str) -> str | None:
        """The customer's own, of a campaign; else one for everybody, used up or not."""
        reply = await self._service.ask(m.ListCoupons(customer))
        held = reply.body.coupons if reply and isinstance(reply.body, m.Coupons) else []
        public = [x.coupon for x in self._commerce.promotions if x.coupon]
        return next(iter((*(x.coupon for x in held), *public)), None)

    async def _best(self, asked: m.RequestQuote) -> str | None:
        cart = [x.product for x in asked.lines]
        ask = m.Recommend(asked.store, asked.customer, cart, asked.dropoff, limit=1)
        reply = await self._service.ask(ask)
        found = reply.body.products if reply and isinstance(reply.body, m.Recommendations) else []
        return found[0].product.product if found else None
