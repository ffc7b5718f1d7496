"""What operators ask of the hours to come."""

from typing import Annotated

from msgspec import Meta

from gateway.messages.values import Ref, Sent

Policy = Annotated[str, Meta(pattern=r"^[a-z_]{1,40}(:[0-9]{1,5})?(\+repositions)?(\+holds)?$")]


class StartFork(Sent, frozen=True):
    """Play the next hours on copies of the city, beside it. Answered by `fork_job`.

    Every policy, as `NAME`, `NAME:ITERATIONS` or either with `+repositions`, `+holds` or both,
    meets the same `draws` of who comes; others are laid beside the first. `demand` is a factor to
    the visits of the last hour.
    """

    policies: Annotated[list[Policy], Meta(min_length=1, max_length=6)]
    hours: Annotated[float, Meta(gt=0, le=6)] = 2.0
    draws: Annotated[int, Meta(ge=1, le=20)] = 5
    demand: Annotated[float, Meta(gt=0, le=10)] = 1.0


class GetFork(Sent, frozen=True):
    """How far it is, and what came of it. Answered by `fork_job`, until an hour after its end."""

    job: Ref
