"""What couriers report, from the start of a shift to the last drop-off."""

from engine.commands.command import Command
from engine.values import CourierId, DeliveryId, Millis, Proof, Skill, StopKind
from geo.travel import Vehicle


class RegisterCourier(Command, frozen=True):
    courier: CourierId
    vehicle: Vehicle
    capacity: int  # units of load on board at once
    skills: list[Skill] = []


class ChangeCourier(Command, frozen=True):
    """Another vehicle, another bag, or other skills: from the next shift on."""

    courier: CourierId
    vehicle: Vehicle
    capacity: int
    skills: list[Skill] | None = None  # None: as before


class StartShift(Command, frozen=True):
    """Ready for work until `ends_at`."""

    courier: CourierId
    ends_at: Millis


class EndShift(Command, frozen=True):
    """Home, or offline: takes nothing new, and brings what is on board to its end."""

    courier: CourierId
    reason: str = ""  # of the operator who sends the courier home; empty: it is the courier's word


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


class ReportPickup(Command, frozen=True):
    """The courier has the goods."""

    courier: CourierId
    delivery: DeliveryId
    scanned: list[str] = []  # what stands on the bags, if the store has labelled them


class ReportDropoff(Command, frozen=True):
    """The courier handed the goods over."""

    courier: CourierId
    delivery: DeliveryId
    proof: Proof = Proof.NONE
    evidence: str = ""  # the PIN, or where the photo or signature is kept


class ReportFailure(Command, frozen=True):
    """Nobody there, or the goods were refused: they go back to the store."""

    courier: CourierId
    delivery: DeliveryId
    reason: str


class ReportBreakdown(Command, frozen=True):
    """The courier cannot go on; goods on board wait where they are to be rescued."""

    courier: CourierId
    reason: str = ""  # of the operator who says so; empty: it is the courier's word


class ExpireOffer(Command, frozen=True):
    """The courier has had long enough to answer."""

    delivery: DeliveryId
    offer: int
