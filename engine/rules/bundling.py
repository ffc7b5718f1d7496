"""Bundles: what they take from the shelves, and how what they cost is spread over their parts."""

from collections.abc import Callable

from engine.rules.discounting import shares
from engine.rules.lines import cost
from engine.rules.pricing import summed
from engine.state.products import Product
from engine.values import Component, Line, Minor, PricedLine, ProductId


def demand(lines: list[Line], products: list[Product]) -> list[Line]:
    """What these lines take from the shelves, in all: the same piece is never promised twice."""
    if not any(x.components for x in products):
        return lines
    parts: list[Line] = []
    for line, product in zip(lines, products, strict=True):
        inside = product.components or [Line(line.product, 1)]
        parts += [Line(x.product, x.quantity * line.quantity) for x in inside]
    return summed(parts)


def composed(
    lines: list[PricedLine],
    products: list[Product],
    price_of: Callable[[ProductId], Minor | None],
) -> list[PricedLine]:
    """The lines with what each bundle among them is made of, as it is now.

    A part's share of what the bundle costs is in proportion to what its pieces cost singly; to
    their number, if one of them is not sold singly.
    """
    return [
        _composed(line, product.components, price_of) if product.components else line
        for line, product in zip(lines, products, strict=True)
    ]


def _composed(
    line: PricedLine, parts: list[Line], price_of: Callable[[ProductId], Minor | None]
) -> PricedLine:
    quantities = [x.quantity * line.quantity for x in parts]
    prices = [price_of(x.product) for x in parts]
    weights = [n * (price or 0) for n, price in zip(quantities, prices, strict=True)]
    if None in prices or not sum(weights):
        weights = quantities
    costs, subsidies = shares(cost(line), weights), shares(line.subsidy_minor, weights)
    components = [
        Component(part.product, quantity, Minor(share), Minor(subsidy))
        for part, quantity, share, subsidy in zip(parts, quantities, costs, subsidies, strict=True)
    ]
    return PricedLine(
        line.product,
        line.quantity,
        line.price_minor,
        line.discount_minor,
        line.subsidy_minor,
        components,
    )
