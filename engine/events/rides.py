"""Facts about rides: how long they take, of what they take as a rule."""

from engine.events.event import Event
from engine.values import CourierId


class RideMeasured(Event, frozen=True):
    """`usual_ms`: at the speeds as they are set. The index is what is made of all rides so far, in
    millionths; `index_permille` is what travel times follow from here on."""

    courier: CourierId
    usual_ms: int
    taken_ms: int
    index_ppm: int
    index_permille: int
