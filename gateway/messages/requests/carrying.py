"""What courier apps ask for."""

from typing import Annotated

from msgspec import Meta

from gateway.messages.values import Id, Proof, Reason, Ref, Sent, StopKind, Text, Time

Occurred = Time | None  # when, if the phone tells it later: by its own clock


class StartShift(Sent, frozen=True):
    """Ready for work until then, at most as long as `shift_max_ms` of the settings says."""

    ends_at: Time


class TakeBreak(Sent, frozen=True):
    """Nothing new until then; what was accepted comes first. Said again, the last time counts."""

    until: Time


class EndShift(Sent, frozen=True):
    """Takes nothing new, and brings what is on board to its end."""


class AcceptOffer(Sent, frozen=True):
    delivery: Ref


class DeclineOffer(Sent, frozen=True):
    """Also after accepting, as long as the goods are not on board."""

    delivery: Ref
    reason: Reason


class ReportArrival(Sent, frozen=True):
    """At the stop of this delivery."""

    delivery: Ref
    stop: StopKind
    occurred_at: Occurred = None


class ReportPickup(Sent, frozen=True):
    """The goods are on board. `scanned` is what stands on the bags, where the stop asks for it."""

    delivery: Ref
    scanned: Annotated[list[Id], Meta(max_length=50)] = []
    occurred_at: Occurred = None


class ReportDropoff(Sent, frozen=True):
    """The goods were handed over, with the proof the order asks for.

    `age_checked`: you looked at a document and the age is right; nothing else of it is asked, or
    kept. Where the stop says `age_check`, nothing is handed over without (`age_check_required`):
    whoever cannot show it is a `report_failure` with `age_not_proven`.
    """

    delivery: Ref
    proof: Proof = "none"
    evidence: Text = ""
    occurred_at: Occurred = None
    age_checked: bool = False


class ReportFailure(Sent, frozen=True):
    """Nobody there, or refused: the goods go back to the store."""

    delivery: Ref
    reason: Reason
    occurred_at: Occurred = None


class ReportBreakdown(Sent, frozen=True):
    """Cannot go on; goods on board wait to be rescued."""


CarryingRequest = (
    StartShift
    | TakeBreak
    | EndShift
    | AcceptOffer
    | DeclineOffer
    | ReportArrival
    | ReportPickup
    | ReportDropoff
    | ReportFailure
    | ReportBreakdown
)
