"""What is told about the hours to come."""

from typing import Literal

from gateway.messages.values import Error, Part, Told

ForkStatus = Literal["pending", "in_progress", "completed", "failed"]


class ForkFigure(Part, frozen=True):
    """One of a policy's figures: the mean of its futures, and how far from the first policy's.

    `half_width` is of Student's 95 % interval of the difference: none with a single draw, nor with
    a few that differ by the very same amount, which is coincidence. It is `clear` if the interval
    leaves zero out.
    """

    mean: float
    difference: float = 0.0
    half_width: float | None = None
    clear: bool = False


class ForkRow(Part, frozen=True):
    """`figures` of the policies, in their order; `better`: which way, if either is."""

    name: str
    title: str
    better: Literal["more", "less", ""]
    figures: list[ForkFigure]


class Outlook(Part, frozen=True):
    """Of futures that begin at `at`, after record `seq`."""

    at: str
    seq: int
    hours: float
    draws: int
    visits_per_h: float
    policies: list[str]
    rows: list[ForkRow]


class ForkJob(Told, frozen=True):
    """`done` of `of` futures are played. `outlook` when completed, `error` when failed."""

    job: str
    status: ForkStatus
    done: int
    of: int
    outlook: Outlook | None = None
    error: Error | None = None
