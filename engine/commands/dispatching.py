"""Planning rounds and the plans that answer them."""

from msgspec import Struct

from engine.commands.command import Command
from engine.values import CourierId, DeliveryId, PlanningRoundId, Stop, StoreId


class RouteLine(Struct, frozen=True, array_like=True):
    """One courier's whole route to come, and the version of the route the solver saw."""

    courier: CourierId
    version: int
    stops: list[Stop]
    release: list[DeliveryId]  # offer these now; the others may still move


class OpenPlanningRound(Command, frozen=True):
    """It is time to plan."""


class ClosePlanningRound(Command, frozen=True):
    """The solver has had long enough."""

    planning_round: PlanningRoundId


class AdoptPlan(Command, frozen=True):
    """The solver answered a PlanningRoundOpened. It may be stale; each line is checked."""

    planning_round: PlanningRoundId
    lines: list[RouteLine]


class ImprovePlan(Command, frozen=True):
    """The solver went on thinking, and found better routes than those in force."""

    lines: list[RouteLine]


class AssignDelivery(Command, frozen=True):
    """An operator overrules the planner: this courier takes that delivery, last on the route."""

    courier: CourierId
    delivery: DeliveryId
    reason: str


class RepositionCourier(Command, frozen=True):
    """The planner has nothing for this courier now: wait where the next orders are expected."""

    courier: CourierId
    store: StoreId
