"""A courier's work, as he is told: snapshot and delta of the feed `route`, always whole."""

from gateway.messages.values import Money, Part, Place, Proof, StopKind, Told


class Offer(Part, frozen=True):
    """Accept or decline before it expires. Fee for the ride; distance store to door."""

    delivery: str
    order: str
    expires_at: str
    store_name: str
    pickup: Place
    dropoff: Place
    load: int
    fee: Money
    distance_m: int
    returns: bool = False  # from a customer's door back to the store
    skills: list[str] = []  # that it takes: what to bring along
    group: str = ""  # whoever gives back one of a group gives back them all; empty: of none


class RouteStop(Part, frozen=True):
    """What to do next, in this order. `ready_at` at pickups, `proof` at drop-offs."""

    kind: StopKind
    delivery: str
    order: str
    place: Place
    store_name: str | None = None
    ready_at: str | None = None
    promised_at: str | None = None
    proof: Proof = "none"
    not_before: str | None = None  # of a drop-off: when its window opens
    returns: bool = False  # a pickup at a customer's door, for the store
    eta_at: str | None = None  # as things were when this was told; whole minutes
    seems_arrived: bool = False  # by the fence around it: then say so with `report_arrival`
    labels: int = 0  # of a pickup: so many bags are to be scanned for `report_pickup`
    age_check: bool = False  # of a drop-off: look at an age, and say so in `report_dropoff`


class WaitNear(Part, frozen=True):
    """Nothing to do: orders are expected here."""

    store: str
    store_name: str
    place: Place


class Route(Told, frozen=True):
    """`under_way`: the first stop is settled, go there."""

    on_shift: bool
    offers: list[Offer]
    stops: list[RouteStop]
    under_way: bool = False
    wait_near: WaitNear | None = None
