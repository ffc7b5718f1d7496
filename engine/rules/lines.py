"""What an order's lines cost, and what they cost less when something is missing from them."""

from engine.values import Minor, PricedLine, ProductId


def cost(line: PricedLine) -> int:
    """Of the whole line, after discounts."""
    return line.quantity * line.price_minor - line.discount_minor


def goods_total(lines: list[PricedLine]) -> Minor:
    """Of all lines, after discounts."""
    return Minor(sum(x.quantity * x.price_minor - x.discount_minor for x in lines))


def subsidy_total(lines: list[PricedLine]) -> int:
    """What the platform adds, so that the store gets the price less only its own discounts."""
    return sum(x.subsidy_minor for x in lines)


def cut(lines: list[PricedLine], product: ProductId, pieces: int) -> tuple[list[PricedLine], Minor]:
    """The lines without so many pieces of a product, and what is owed less for them.

    A line's discount shrinks with it, rounded down: cut piece by piece or at once, what is owed
    less for all of it is what it cost.
    """
    left = [_shortened(x, pieces) if x.product == product else x for x in lines]
    return [x for x in left if x.quantity], Minor(goods_total(lines) - goods_total(left))


def _shortened(line: PricedLine, pieces: int) -> PricedLine:
    rest = line.quantity - pieces
    assert rest >= 0
    discount = Minor(line.discount_minor * rest // line.quantity)
    subsidy = Minor(line.subsidy_minor * rest // line.quantity)
    return PricedLine(line.product, rest, line.price_minor, discount, subsidy)
