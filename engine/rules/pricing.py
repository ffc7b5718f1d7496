"""What things cost. Integers in minor units, no fractions left over."""

from engine.settings import Settings
from engine.values import Line, Minor, PricedLine, ProductId

METERS_PER_KM = 1_000
NOT_COLLECTED = "not_collected"


def delivery_fee(settings: Settings, distance_m: int) -> Minor:
    """For the customer; a started kilometer counts."""
    km = -(-distance_m // METERS_PER_KM)
    return Minor(settings.delivery_fee_minor + km * settings.delivery_fee_per_km_minor)


def courier_fee(settings: Settings, distance_m: int) -> Minor:
    """For the courier; a started kilometer counts."""
    km = -(-distance_m // METERS_PER_KM)
    return Minor(settings.courier_fee_minor + km * settings.courier_fee_per_km_minor)


def no_show_fee(settings: Settings, due_minor: int, reason: str) -> Minor:
    """For the store, when what stood ready was not collected; nothing at any other end."""
    permille = settings.no_show_fee_permille if reason == NOT_COLLECTED else 0
    return Minor(due_minor * permille // 1_000)


def summed(lines: list[Line]) -> list[Line]:
    """One line per product, in the order of first mention: demand is checked on the sum."""
    if len(lines) == 1:
        return lines
    quantities: dict[ProductId, int] = {}
    for line in lines:
        quantities[line.product] = quantities.get(line.product, 0) + line.quantity
    if len(quantities) == len(lines):
        return lines
    return [Line(product, quantity) for product, quantity in quantities.items()]


def without_prices(lines: list[PricedLine]) -> list[Line]:
    """What they take from the shelves: of a bundle, what is in it; one line per product."""
    parts: list[Line] = []
    for line in lines:
        if line.components:
            parts += [Line(x.product, x.quantity) for x in line.components]
        else:
            parts.append(Line(line.product, line.quantity))
    return summed(parts)
