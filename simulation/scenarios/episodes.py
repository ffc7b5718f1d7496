"""What happens to a city for a while: weather and disruptions, as data. Hours are after the start.

`known` episodes the office tells the engine of, as far as its settings can say it: all speeds
are lowered by what the average ride loses. Of the others the engine learns by being late.
"""

from typing import Annotated

from msgspec import Meta

from simulation.scenarios.areas import Area
from simulation.scenarios.quantities import Count, Name, NotNegative, Part, Positive, Share

Slower = Annotated[float, Meta(ge=0.05, le=1)]


class Episode(Part, frozen=True, kw_only=True, tag_field="kind"):
    """From one time to another."""

    name: Name
    from_h: NotNegative
    to_h: Positive


class Rain(Episode, frozen=True, kw_only=True, tag="rain"):
    """Everybody is slower, nobody likes to go out, and more people order in."""

    speed: Slower = 1.0  # times the couriers' speed
    demand: Positive = 1.0  # times the arrivals
    acceptance: Share = 1.0  # times the share of offers that are accepted
    known: bool = False


class RoadClosure(Episode, frozen=True, kw_only=True, tag="road_closure"):
    """Ways through a place take longer."""

    where: Area
    speed: Slower
    known: bool = False


class StoreOutage(Episode, frozen=True, kw_only=True, tag="store_outage"):
    """No power: closed, silent, and what is on the fire waits."""

    stores: Name  # of a group
    count: Count = 0  # the first so many of them; 0 = all


class PaymentOutage(Episode, frozen=True, kw_only=True, tag="payment_outage"):
    """The provider answers when it is back."""


class FlashSale(Episode, frozen=True, kw_only=True, tag="flash_sale"):
    """A group of stores sells cheaper, and people come for it who would not have come."""

    stores: Name  # of a group
    orders: Positive  # customers more
    price: Positive = 1.0  # times the usual


class Strike(Episode, frozen=True, kw_only=True, tag="strike"):
    """A share of the couriers goes offline, and comes back if the shift is not over by then."""

    share: Share
    couriers: str = ""  # a group; all, unless told


class Crowd(Episode, frozen=True, kw_only=True, tag="crowd"):
    """A stadium empties: many customers at one place."""

    where: Area
    orders: Positive
    profile: list[NotNegative] = []  # over its time; evenly, unless told


AnyEpisode = Rain | RoadClosure | StoreOutage | PaymentOutage | FlashSale | Strike | Crowd
