"""What dispatchers ask for of their couriers: a fleet's of its own, operators of everybody."""

from typing import Annotated

from msgspec import Meta

from gateway.messages.values import Id, Ref, Sent, Time


class AdmitCourier(Sent, frozen=True):
    """A token for the app of a courier of one's own. Answered by `courier_admitted`."""

    courier: Id


class PlanShift(Sent, frozen=True):
    """When a courier is to work: from a quarter of an hour to 16 hours, or to `shift_max_ms` of
    the settings if that is less; one at a time. He starts and ends it himself. A shift's name is
    new among his own."""

    courier: Id
    shift: Id
    starts_at: Time
    ends_at: Time


class DropShift(Sent, frozen=True):
    """Not after all."""

    courier: Id
    shift: Id


class ListShifts(Sent, frozen=True):
    """Planned and worked, at most 8 days of the last and next ones; of one courier, or of one
    page of them after another. Couriers hear of their own. Answered by `shifts`."""

    from_at: Time
    to_at: Time
    courier: Id | None = None
    after: Id | None = None
    limit: Annotated[int, Meta(ge=1, le=50)] = 50


class GetFleetWork(Sent, frozen=True):
    """What was done, at most 31 days back: a fleet hears of its own, operators of each. Answered
    by `fleets_worked`."""

    from_at: Time
    to_at: Time


class GetDelivery(Sent, frozen=True):
    """While a courier of one's own has it, or if he brought it. Answered by `delivery`."""

    delivery: Ref


DispatchingRequest = AdmitCourier | PlanShift | DropShift | ListShifts | GetFleetWork | GetDelivery
