"""What couriers report, from the start of a shift to the last drop-off."""

from engine.commands.command import Command
from engine.values import CourierId, DeliveryId, FleetId, Millis, Proof, Skill, StopKind
from geo.travel import Vehicle


class RegisterCourier(Command, frozen=True):
    """Couriers of a fleet are called `fleet:name`, so that no two fleets ask for one name."""

    courier: CourierId
    vehicle: Vehicle
    capacity: int  # units of load on board at once
    skills: list[Skill] = []
    fleet: FleetId = FleetId("")


class ChangeCourier(Command, frozen=True):
    """Another vehicle, another bag, or other skills: from the next shift on."""

    courier: CourierId
    vehicle: Vehicle
    capacity: int
    skills: list[Skill] | None = None  # None: as before
    fleet: FleetId = FleetId("")  # whose dispatcher says so, of its own; empty: an operator


class StartShift(Command, frozen=True):
    """Ready for work until `ends_at`."""

    courier: CourierId
    ends_at: Millis


class EndShift(Command, frozen=True):
    """Home, or offline: takes nothing new, and brings what is on board to its end."""

    courier: CourierId
    reason: str = ""  # of who sends the courier home; empty: it is the courier's word
    fleet: FleetId = FleetId("")  # whose dispatcher does, of its own couriers


class TakeBreak(Command, frozen=True):
    """Nothing new until then: what was accepted is brought to its end, and the rest is the break.

    Said again, the last time counts.
    """

    courier: CourierId
    until: Millis


class AcceptOffer(Command, frozen=True):
    courier: CourierId
    delivery: DeliveryId


class DeclineOffer(Command, frozen=True):
    courier: CourierId
    delivery: DeliveryId
    reason: str


class ReportArrival(Command, frozen=True):
    """At the stop the route names next."""

    courier: CourierId
    delivery: DeliveryId
    stop: StopKind
    occurred_at: Millis = Millis(0)  # by the phone, where it tells it later; 0: now


class ReportPickup(Command, frozen=True):
    """The courier has the goods."""

    courier: CourierId
    delivery: DeliveryId
    scanned: list[str] = []  # what stands on the bags, if the store has labelled them
    occurred_at: Millis = Millis(0)


class ReportDropoff(Command, frozen=True):
    """The courier handed the goods over."""

    courier: CourierId
    delivery: DeliveryId
    proof: Proof = Proof.NONE
    evidence: str = ""  # the PIN, or where the photo or signature is kept
    occurred_at: Millis = Millis(0)
    age_checked: bool = False  # the courier looked at a document; what it said is kept nowhere


class ReportFailure(Command, frozen=True):
    """Nobody there, or the goods were refused: they go back to the store."""

    courier: CourierId
    delivery: DeliveryId
    reason: str
    occurred_at: Millis = Millis(0)


class ReportBreakdown(Command, frozen=True):
    """The courier cannot go on; goods on board wait where they are to be rescued."""

    courier: CourierId
    reason: str = ""  # of who says so for him; empty: it is the courier's word
    fleet: FleetId = FleetId("")  # whose dispatcher does, of its own couriers


class ExpireSearch(Command, frozen=True):
    """A courier for it has been looked for long enough."""

    delivery: DeliveryId


class ExpireOffer(Command, frozen=True):
    """The courier has had long enough to answer."""

    delivery: DeliveryId
    offer: int
