"""What is given back for goods that come back to the till."""

from collections.abc import Mapping

from engine.values import Line, PricedLine, ProductId


def refunded(
    bought: list[PricedLine], returned: Mapping[ProductId, int], lines: list[Line]
) -> list[PricedLine]:
    """These lines at the prices paid: of a product on several lines, the first are given back
    first, less what came back before."""
    given = dict(returned)
    wanted = {x.product: x.quantity for x in lines}
    back = []
    for line in bought:
        gone = min(line.quantity, given.get(line.product, 0))
        given[line.product] = given.get(line.product, 0) - gone
        quantity = min(line.quantity - gone, wanted.get(line.product, 0))
        if quantity:
            wanted[line.product] -= quantity
            back.append(PricedLine(line.product, quantity, line.price_minor))
    return back
