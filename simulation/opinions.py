"""What people who talk to a live city think of an order once it is there, and do about it."""

from dataclasses import dataclass

from engine.values import MINUTE
from simulation.commerce.parts import Shoppers
from simulation.streams import Draws

THINKS_MIN, ANSWERS_MIN, SATISFIED_MIN = 20.0, 15.0, 30.0  # on average
A_STAR_MIN = 10  # so late costs one more star
MOODY, DISLIKED = 0.15, 0.08  # one star less; two: it was not what was expected


@dataclass(frozen=True, slots=True)
class Opinion:
    """`rates` and `complains`: whether anybody hears of it."""

    stars: int
    courier_stars: int
    tags: list[str]
    rates: bool
    complains: bool
    says_after_ms: int

    @property
    def is_silent(self) -> bool:
        return not self.rates and not self.complains


def opinion(habits: Shoppers, late_ms: int, draws: Draws) -> Opinion:
    """Of an order that came so late, or early. Always as many draws."""
    late = max(0, late_ms // MINUTE)
    lost = -(-late // A_STAR_MIN)
    courier_stars = max(1, 5 - lost - draws.chance(MOODY))
    disliked = draws.chance(DISLIKED)
    stars = max(1, courier_stars - 2 * disliked)
    tags = ["late" if late else "on_time", *(["cold"] if disliked else [])]
    rates, complains = draws.chance(habits.rates), draws.chance(habits.complains)
    return Opinion(stars, courier_stars, tags, rates, complains, delay_ms(THINKS_MIN, draws))


def delay_ms(mean_min: float, draws: Draws) -> int:
    return round(draws.exponential(mean_min) * MINUTE)
