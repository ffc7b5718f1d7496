"""What the office of a live city sells for less: bundles, promotions, coupons and campaigns."""

from functools import partial

from engine.values import HOUR, Millis
from gateway import messages as m
from simulation.commerce.parts import Campaign, Commerce, Promotion
from simulation.days.arrivals import word
from simulation.live.city_time import text
from simulation.live.party import Party

PERMILLE = 1_000


class Market:
    """Over the office's connection. A campaign is a new one on every day of every run."""

    def __init__(self, office: Party, commerce: Commerce) -> None:
        self._office, self._commerce = office, commerce
        self._currency = office.world.scenario.engine.currency

    async def open(self) -> None:
        """What there is from the first customer on."""
        for bundle in self._commerce.bundles:
            parts = [m.Line(key, pieces) for key, pieces in bundle.parts.items()]
            listed = m.ListProduct(bundle.id, bundle.name, bundle.category, components=parts)
            await self._office.client.ask(listed)
        for promotion in self._commerce.promotions:
            await self._define(promotion)

    def foresee(self) -> None:
        for campaign in self._commerce.campaigns:
            at_ms = round(campaign.at_h * HOUR)
            self._office.spawn(self._office.daily(at_ms, partial(self._launch, campaign)))

    async def _define(self, x: Promotion) -> None:
        off = m.Action("percent", x.permille_off, targets=m.Selection(categories=x.categories))
        least = m.Conditions(order_min=m.Money(x.order_min_minor, self._currency))
        by_coupon = x.by_coupon or bool(x.coupon)
        terms = m.PromotionTerms(x.name, [off], least, by_coupon=by_coupon)
        await self._office.client.ask(m.DefinePromotion(word(x.name), terms))
        if x.coupon:
            await self._office.client.ask(m.IssueCoupons(x.coupon, word(x.name)))

    async def _launch(self, x: Campaign, number: int) -> None:
        welcome, now = self._office.client.welcome, self._office.world.time.now()
        assert welcome is not None
        key = f"{word(x.name)}-{welcome.seq}-{number}"
        launch = m.LaunchCampaign(
            key,
            x.segments,  # type: ignore[arg-type]
            word(x.promotion),
            f"{key}-coupon",
            text(Millis(now + round(x.lasts_h * HOUR))),
            round(x.held_out * PERMILLE),
        )
        await self._office.ask(launch)
