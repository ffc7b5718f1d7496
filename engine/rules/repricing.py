"""What a bargain costs once it is another one: what was bought keeps its price."""

from collections.abc import Callable

from msgspec.structs import replace

from engine.rules.pricing import summed
from engine.values import Line, Minor, PricedLine, ProductId


def repriced(
    bought: list[PricedLine], wanted: list[Line], price_of: Callable[[ProductId], Minor]
) -> list[PricedLine]:
    """As many as were bought at the price of then, more at the price of now; discounts none.

    Of a bundle the whole line: with another number of them it is bought anew.
    """
    lines: list[PricedLine] = []
    for line in wanted:
        old = [x for x in bought if x.product == line.product]
        number = sum(x.quantity for x in old)
        if number == line.quantity:
            lines += old
        elif any(x.components for x in old):
            lines.append(PricedLine(line.product, line.quantity, price_of(line.product)))
        else:
            lines += _resized(old, line, price_of)
    return lines


def _resized(
    old: list[PricedLine], line: Line, price_of: Callable[[ProductId], Minor]
) -> list[PricedLine]:
    kept, left = [], line.quantity
    for x in old:
        taken = min(left, x.quantity)
        if taken:
            kept.append(replace(x, quantity=taken))
        left -= taken
    if not left:
        return kept
    price = price_of(line.product)
    if kept and kept[-1].price_minor == price:
        return [*kept[:-1], replace(kept[-1], quantity=kept[-1].quantity + left)]
    return [*kept, PricedLine(line.product, left, price)]


def difference(before: list[Line], after: list[Line]) -> tuple[list[Line], list[Line]]:
    """What has to be added, and what is let go; each product once in either list."""
    had = {x.product: x.quantity for x in summed(before)}
    has = {x.product: x.quantity for x in summed(after)}
    changes = {x: has.get(x, 0) - had.get(x, 0) for x in {**had, **has}}
    added = [Line(x, n) for x, n in changes.items() if n > 0]
    removed = [Line(x, -n) for x, n in changes.items() if n < 0]
    return added, removed
