"""What stores and their suppliers say at random about goods on shelves."""

from collections.abc import Iterator

from engine import commands as c
from engine.values import Actor
from tests.cases import Case, city

STORES, PRODUCTS = ("s0", "s1"), ("ramen", "tea", "cake")


def daily(day) -> c.AnyCommand:
    """Deliveries, counts, sales."""
    kind = day.rng.choice([c.ReceiveStock, c.CountStock, c.SetSafetyStock, c.RecordSale])
    number = day.rng.randrange(-1, 9)
    if kind is c.CountStock and day.rng.random() < 0.7:
        number += 20  # else the shelves soon are empty, and nothing happens any more
    return kind(day._any(STORES), day._any(PRODUCTS), number)


def makers(day) -> Iterator[tuple[float, object]]:
    rng = day.rng

    def shelf() -> tuple[str, str]:
        return day._any(STORES), day._any(PRODUCTS)

    def adjust() -> c.AdjustStock:
        reason = rng.choice(("damage", "theft", "expiry", "correction", "correction", "magic"))
        actor = rng.choice((Actor.STORE, Actor.OPERATOR, Actor.COURIER))
        return c.AdjustStock(*shelf(), rng.choice((-2, -1, 0, 1, 5)), reason, actor, "seen")

    def quarantine() -> c.AnyCommand:
        """Into it, or out of it where there is something in it."""
        levels = day.engine.state.inventory.levels
        damaged = [(s, p) for s, x in levels.items() for p, level in x.items() if level.damaged]
        kind = rng.choice((c.QuarantineStock, c.RestoreStock, c.DiscardStock))
        if damaged and kind is not c.QuarantineStock:
            return kind(*rng.choice(damaged), rng.randrange(3))
        return kind(*shelf(), rng.randrange(3))

    yield 1, adjust
    yield 1.5, quarantine


def stockroom() -> Case:
    """Everything that can happen to a shelf without a customer, once."""
    case = city(9)
    return (
        case.at(1, c.QuarantineStock("store", "ramen", 4))
        .at(2, c.RestoreStock("store", "ramen", 1))
        .at(3, c.DiscardStock("store", "ramen", 2))
        .at(4, c.AdjustStock("store", "ramen", -1, "theft", Actor.STORE))
    )
