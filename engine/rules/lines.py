"""What an order's lines cost, and what they cost less when something is missing from them."""

from msgspec.structs import replace

from engine.values import Component, Minor, PricedLine, ProductId


def cost(line: PricedLine) -> int:
    """Of the whole line, after discounts."""
    return line.quantity * line.price_minor - line.discount_minor


def goods_total(lines: list[PricedLine]) -> Minor:
    """Of all lines, after discounts."""
    return Minor(sum([x.quantity * x.price_minor - x.discount_minor for x in lines]))


def subsidy_total(lines: list[PricedLine]) -> int:
    """What the platform adds, so that the store gets the price less only its own discounts."""
    return sum(x.subsidy_minor for x in lines)


def pieces_of(lines: list[PricedLine], product: ProductId) -> int:
    """How many of a product there are in these lines, those in bundles included."""
    return sum(
        sum(x.quantity for x in line.components if x.product == product)
        if line.components
        else line.quantity * (line.product == product)
        for line in lines
    )


def cut(lines: list[PricedLine], product: ProductId, pieces: int) -> tuple[list[PricedLine], Minor]:
    """The lines without so many pieces of a product, and what is owed less for them.

    What was bought singly goes first, then what is in bundles, in their order. A discount shrinks
    with its line, and the share of a part with its pieces, each rounded down: cut piece by piece
    or at once, what is owed less for all of it is what it cost.
    """
    left = dict(enumerate(lines))
    for n in sorted(left, key=lambda n: bool(lines[n].components)):
        found = min(pieces, pieces_of([left[n]], product))
        if found:
            left[n] = _without(left[n], product, found)
            pieces -= found
    assert pieces == 0
    rest = [x for x in left.values() if x.quantity]
    return rest, Minor(goods_total(lines) - goods_total(rest))


def _without(line: PricedLine, product: ProductId, pieces: int) -> PricedLine:
    if line.components:
        return _bundle_without(line, product, pieces)
    rest = line.quantity - pieces
    discount = Minor(line.discount_minor * rest // line.quantity)
    subsidy = Minor(line.subsidy_minor * rest // line.quantity)
    return replace(line, quantity=rest, discount_minor=discount, subsidy_minor=subsidy)


def _bundle_without(line: PricedLine, product: ProductId, pieces: int) -> PricedLine:
    """As many bundles at the same price, and what is not in them any more off it."""
    parts = [_less(x, pieces) if x.product == product else x for x in line.components]
    components = [x for x in parts if x.quantity]
    due = sum(x.share_minor for x in components)
    subsidy = Minor(sum(x.subsidy_minor for x in components))
    discount = Minor(line.quantity * line.price_minor - due)
    quantity = line.quantity if components else 0
    return PricedLine(line.product, quantity, line.price_minor, discount, subsidy, components)


def _less(part: Component, pieces: int) -> Component:
    rest = part.quantity - pieces
    share = Minor(part.share_minor * rest // part.quantity)
    subsidy = Minor(part.subsidy_minor * rest // part.quantity)
    return Component(part.product, rest, share, subsidy)
