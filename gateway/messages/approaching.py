"""What is told of couriers on their way: near, there, through, gone; and late, before they are."""

from typing import Literal

from gateway.messages.values import Part, StopKind, Told

Crossing = Literal["enter", "exit", "cross", "dwell"]
Saying = Literal["report_arrival", "report_pickup", "report_dropoff", "report_failure"]
Signal = Literal["unseen", "live", "stale", "lost"]


class CourierNear(Told, frozen=True):
    """Soon at this stop, or close to it: once for every stop."""

    order: str
    delivery: str
    courier: str
    stop: StopKind
    eta_at: str
    distance_m: int
    at: str  # of the fix


class CourierCrossed(Told, frozen=True):
    """The fence around a stop. `enter`: he seems to have arrived. `dwell`: he has been there for a
    while and not said so. `cross`: he came through between two fixes. `exit`: he has left."""

    order: str
    delivery: str
    courier: str
    stop: StopKind
    crossing: Crossing
    at: str  # of the fix
    inside_s: int = 0  # since he entered


class DelayPredicted(Told, frozen=True):
    """It will be late by so much, as things are: told again only when it gets worse by a step."""

    order: str
    delivery: str
    courier: str
    eta_at: str
    promised_at: str
    late_s: int


class StopDoubted(Told, frozen=True):
    """He said that he was at this stop, and his phone had just been so far away from it. What he
    said counts all the same: somebody may want to ask."""

    order: str
    delivery: str
    courier: str
    stop: StopKind
    said: Saying
    distance_m: int
    seen_at: str  # of the fix
    at: str  # when he said so


class TrailPoint(Part, frozen=True):
    """Both times are kept: when it was measured, and when it came."""

    lat: float
    lon: float
    fix_time: str
    received_at: str
    accuracy_m: int | None = None


class Visit(Part, frozen=True):
    """Of a store's fence, or of an area asked for. `cross`: through it between two fixes."""

    store: str | None
    crossing: Crossing
    at: str
    inside_s: int = 0
    area: str | None = None


class Way(Told, frozen=True):
    """The line to ride, from where he was last seen (if he was) by every stop he was told.

    `polyline` has latitudes first. `by_streets`: along the streets this server was started with;
    else straight from stop to stop.
    """

    courier: str
    polyline: str
    precision: int
    by_streets: bool
    stops: int


class Trail(Told, frozen=True):
    """By the time of the fixes, whatever order they came in. Of many points some are told;
    distance and visits are of all `fixes`."""

    courier: str
    points: list[TrailPoint]
    distance_m: int
    visits: list[Visit]
    fixes: int
