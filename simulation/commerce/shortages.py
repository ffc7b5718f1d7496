"""What customers say beforehand of a shortage: something else, all of it elsewhere, or nothing.

Drawn from a stream of its own, named after the visit: what else is wanted stays the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.values import Rescue
from simulation.commerce.parts import Shoppers
from simulation.days.city import StoreSite
from simulation.streams import RandomStreams


@dataclass(frozen=True, slots=True)
class ShortageWish:
    """Tried in this order; `instead` names another product for some of the order's own."""

    if_missing: tuple[Rescue, ...] = ()
    instead: tuple[tuple[str, str], ...] = ()


NONE = ShortageWish()


def shortage_wish(
    streams: RandomStreams,
    habits: Shoppers,
    key: str,
    site: StoreSite,
    products: Sequence[str],
    is_collected: bool,
) -> ShortageWish:
    """The wish of the visitor of that key for these products of the store."""
    shares = habits.names_another, habits.takes_it_elsewhere, habits.rather_nothing
    if not any(shares):
        return NONE
    draws = streams.named("shortage", key)
    lot = draws.random()
    if lot < shares[0]:
        instead = tuple(_instead(site, products, draws.random()))
        return ShortageWish((Rescue.SUBSTITUTE,), instead) if instead else NONE
    if lot < shares[0] + shares[1]:  # who comes for it is on the way to this store
        return NONE if is_collected else ShortageWish((Rescue.OTHER_STORE,))
    return ShortageWish((Rescue.CANCEL,)) if lot < sum(shares) else NONE


def _instead(site: StoreSite, products: Sequence[str], lot: float) -> list[tuple[str, str]]:
    """For each that has one: another of its category, which is not in the order already."""
    found = []
    category = {x.id: x.category for x in site.products}
    for product in dict.fromkeys(products):
        others = [
            x.id
            for x in site.products
            if x.category == category.get(product) and x.id not in products
        ]
        if others:
            found.append((product, others[int(lot * len(others))]))
    return found
