"""The office of a market: what is sold together, for less, from when on, and to whom."""

from engine.commands import (
    DefinePromotion,
    IssueCoupons,
    LaunchCampaign,
    ListProduct,
    SetPrice,
)
from engine.terms import Action, ActionKind, Conditions, PromotionTerms, Selection
from engine.values import (
    HOUR,
    CampaignId,
    CategoryId,
    CouponId,
    Line,
    Millis,
    Minor,
    ProductId,
    PromotionId,
)
from simulation.commerce import conduct
from simulation.commerce.parts import Bundle, Campaign, Commerce, PriceChange, Promotion
from simulation.days.arrivals import word
from simulation.days.city import StoreSite
from simulation.days.day import Day
from simulation.world import World

PERMILLE = 1_000


def terms_of(promotion: Promotion) -> PromotionTerms:
    chosen = Selection(categories=[CategoryId(x) for x in promotion.categories])
    off = Action(ActionKind.PERCENT, permille=promotion.permille_off, targets=chosen)
    least = Conditions(order_min_minor=Minor(promotion.order_min_minor))
    by_coupon = promotion.by_coupon or bool(promotion.coupon)
    return PromotionTerms(promotion.name, least, [off], by_coupon=by_coupon)


def is_sold(bundle: Bundle, site: StoreSite) -> bool:
    """A store that sells all of its parts sells it."""
    return {x.id for x in site.products} >= bundle.parts.keys()


class Market:
    """Opens with the day; campaigns start when the scenario says."""

    def __init__(self, world: World, day: Day, commerce: Commerce) -> None:
        self._world, self._day, self._commerce = world, day, commerce
        for bundle in commerce.bundles:
            self._list(bundle)
        for change in commerce.price_changes:
            self._announce(change)
        for promotion in commerce.promotions:
            self._define(promotion)
        for campaign in commerce.campaigns:
            world.at(self._at(campaign.at_h), self._launch, campaign)

    def _at(self, hours: float) -> Millis:
        return conduct.after(self._day.scenario.starts_ms, hours)

    def _list(self, bundle: Bundle) -> None:
        parts = [Line(ProductId(key), pieces) for key, pieces in bundle.parts.items()]
        key, price = ProductId(bundle.id), Minor(bundle.price_minor)
        self._world.submit(ListProduct(key, bundle.name, bundle.category, components=parts))
        for site in self._day.sites:
            if is_sold(bundle, site):
                self._world.submit(SetPrice(site.id, key, price))

    def _announce(self, change: PriceChange) -> None:
        """Prices to come: the engine itself changes them in time."""
        at = self._at(change.at_h)
        for site in self._day.sites:
            for product in site.products:
                if (price := conduct.changed_minor(product, change)) is not None:
                    told = SetPrice(site.id, ProductId(product.id), Minor(price), at)
                    self._world.submit(told)

    def _define(self, promotion: Promotion) -> None:
        key = PromotionId(word(promotion.name))
        self._world.submit(DefinePromotion(key, terms_of(promotion)))
        if promotion.coupon:
            self._world.submit(IssueCoupons(CouponId(promotion.coupon), key, []))

    def _launch(self, campaign: Campaign) -> None:
        key = word(campaign.name)
        self._world.submit(
            LaunchCampaign(
                CampaignId(key),
                campaign.segments,
                PromotionId(word(campaign.promotion)),
                CouponId(f"{key}-coupon"),
                round(campaign.held_out * PERMILLE),
                Millis(self._world.now + round(campaign.lasts_h * HOUR)),
            )
        )
