"""What no market could be: all that speaks against the commerce of a scenario."""

from collections.abc import Iterator

from engine.rules.segmentation import NAMES
from engine.values import HOUR
from simulation.commerce.conduct import HOUR_MIN
from simulation.commerce.parts import Commerce, Shoppers, Shops
from simulation.days.arrivals import word
from simulation.scenarios.episodes import FlashSale
from simulation.scenarios.flaws import Flaw, did_you_mean
from simulation.scenarios.scenario import Scenario

DAY_H = 24


def flaws_of(s: Scenario) -> Iterator[Flaw]:
    if s.commerce is not None:
        yield from _shops(s.commerce)
        yield from _hours(s, s.commerce.shops)
        yield from _goods(s, s.commerce)
        yield from _offers(s.commerce)
        yield from _providers(s, s.commerce)
        yield from _wishes(s.commerce.shoppers)


def _shops(commerce: Commerce) -> Iterator[Flaw]:
    shops = commerce.shops
    if shops.closes <= shops.opens:
        detail = f"closes at {shops.closes:g} and opens at {shops.opens:g}"
        yield Flaw("wrong_value", "commerce.shops.closes", detail)
    if shops.cashiers and not shops.pickers:
        detail = "where a roster is kept and nobody picks, nothing can be ordered"
        yield Flaw("wrong_value", "commerce.shops.pickers", detail)
    if shops.reorder_point > shops.reorder_target:
        detail = f"{shops.reorder_point} is above reorder_target, {shops.reorder_target}"
        yield Flaw("wrong_value", "commerce.shops.reorder_point", detail)


def _hours(s: Scenario, shops: Shops) -> Iterator[Flaw]:
    """By the engine's clock, which need not be the one the day is written in."""
    starts_h = (s.starts_ms / HOUR + s.engine.utc_offset_min / HOUR_MIN) % DAY_H
    ends_h = starts_h + s.hours
    if not any(max(shops.opens + n, starts_h) < min(shops.closes + n, ends_h) for n in (0, DAY_H)):
        detail = f"closed all day, which begins at {starts_h:g} by engine.utc_offset_min"
        yield Flaw("wrong_value", "commerce.shops.opens", detail)


def _goods(s: Scenario, commerce: Commerce) -> Iterator[Flaw]:
    products = {x.id for x in s.products}
    for n, bundle in enumerate(commerce.bundles):
        key = f"commerce.bundles[{n}]"
        if bundle.id in products:
            yield Flaw("duplicate_id", f"{key}.id", f'"{bundle.id}" is a product')
        for part in bundle.parts:
            if part not in products:
                detail = f'no product is "{part}"{did_you_mean(part, products)}'
                yield Flaw("unknown_product", f"{key}.parts", detail)
    categories = {x.category for x in s.products}
    named = [
        *((f"promotions[{n}].categories", x.categories) for n, x in enumerate(commerce.promotions)),
        *(
            (f"price_changes[{n}].category", [x.category])
            for n, x in enumerate(commerce.price_changes)
        ),
    ]
    for key, those in named:
        for category in those:
            if category not in categories:
                detail = f'no product is in "{category}"{did_you_mean(category, categories)}'
                yield Flaw("unknown_category", f"commerce.{key}", detail)
    if commerce.price_changes and any(isinstance(x, FlashSale) for x in s.episodes):
        detail = "a flash sale puts up prices of its own"
        yield Flaw("wrong_value", "commerce.price_changes", detail)


def _offers(commerce: Commerce) -> Iterator[Flaw]:
    known = {word(x.name): x for x in commerce.promotions}
    if len(known) < len(commerce.promotions):
        yield Flaw("duplicate_id", "commerce.promotions", "two have the same name")
    for n, campaign in enumerate(commerce.campaigns):
        key = f"commerce.campaigns[{n}]"
        promotion = known.get(word(campaign.promotion))
        if promotion is None:
            names = [x.name for x in commerce.promotions]
            detail = f'no promotion is "{campaign.promotion}"'
            detail += did_you_mean(campaign.promotion, names)
            yield Flaw("unknown_promotion", f"{key}.promotion", detail)
        elif not promotion.by_coupon and not promotion.coupon:
            detail = f'"{campaign.promotion}" needs no coupon: everybody has it already'
            yield Flaw("wrong_value", f"{key}.promotion", detail)
        for segment in campaign.segments:
            if segment not in NAMES:
                detail = f'no segment is "{segment}"{did_you_mean(segment, NAMES)}'
                yield Flaw("wrong_value", f"{key}.segments", detail)


def _providers(s: Scenario, commerce: Commerce) -> Iterator[Flaw]:
    names = [s.bank.name, *(x.name for x in commerce.providers)]
    if len(dict.fromkeys(names)) < len(names):
        yield Flaw("duplicate_id", "commerce.providers", "two have the same name")
    if sum(x.share for x in commerce.providers) + commerce.shoppers.pays_cash > 1:
        yield Flaw("wrong_value", "commerce.providers", "the shares are more than 1 together")


def _wishes(habits: Shoppers) -> Iterator[Flaw]:
    if habits.names_another + habits.takes_it_elsewhere + habits.rather_nothing > 1:
        key = "commerce.shoppers.names_another"
        detail = "with takes_it_elsewhere and rather_nothing the shares are more than 1 together"
        yield Flaw("wrong_value", key, detail)
