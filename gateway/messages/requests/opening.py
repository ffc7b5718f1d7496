"""When a store takes orders, and where it delivers to: what is said, what anybody may ask."""

from typing import Annotated

from msgspec import Meta

from gateway.messages.terms import Hours, SpecialDay
from gateway.messages.values import Id, MultiPolygon, Reason, Sent, Time


class SetStoreHours(Sent, frozen=True):
    """All of them at once, in local time. No weekly hours: always, but for the special days.

    Hours that overlap are refused, and which two; special days are at most a year ahead.
    """

    weekly: Annotated[list[Hours], Meta(max_length=50)]
    days: Annotated[list[SpecialDay], Meta(max_length=400)] = []


class PauseStore(Sent, frozen=True):
    """No new orders until then, at most a week; it opens by itself, or by `open_store`."""

    until: Time
    reason: Reason


class SetBusyMode(Sent, frozen=True):
    """Everything takes so many thousandths of the usual time, for quotes and couriers at once.

    1000 ends it, and so does `until`.
    """

    preparation_permille: Annotated[int, Meta(ge=250, le=10_000)]
    until: Time | None = None


class GetStoreHours(Sent, frozen=True):
    """Of any store. Answered by `store_hours`."""

    store: Id


class SetDeliveryArea(Sent, frozen=True):
    """Of a store: what is to be brought elsewhere is refused with `out_of_area`.

    At most 1000 corners; holes are where nobody goes. Null: the radius of the settings again.
    """

    store: Id
    area: MultiPolygon | None = None


class GetDeliveryArea(Sent, frozen=True):
    """Of any store. Answered by `delivery_area`."""

    store: Id


OpeningRequest = (
    SetStoreHours | PauseStore | SetBusyMode | GetStoreHours | SetDeliveryArea | GetDeliveryArea
)
