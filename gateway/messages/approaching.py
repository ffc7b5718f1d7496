"""What is told of couriers on their way: near, there, through, gone; and late, before they are."""

from typing import Literal

from gateway.messages.values import StopKind, Told

Crossing = Literal["enter", "exit", "cross", "dwell"]
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
