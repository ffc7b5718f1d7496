"""What is asked about webhooks: the feeds that are logs, sent to an address by HTTP.

`owner` is for operators, who may look after anybody's: `order_service:shop`.
"""

from typing import Annotated

from msgspec import Meta

from gateway.messages.values import Id, Sent, Seq
from gateway.messages.webhooks import LogFeed

Url = Annotated[str, Meta(min_length=9, max_length=1_024)]
Kind = Annotated[str, Meta(pattern=r"^[a-z_]{1,64}\Z")]
Owner = Annotated[str, Meta(pattern=r"^[a-z_]{1,32}:[A-Za-z0-9._:-]{1,64}\Z")]


class SetWebhook(Sent, frozen=True):
    """From now on, send what happens in a feed of yours to this address. Answered by `webhook`.

    `kinds` are types of the feed's deltas; none: all. Set again, address and kinds change, and
    what waits is sent to the new address; the secret stays. Another feed is another webhook.
    """

    webhook: Id
    feed: LogFeed
    url: Url
    kinds: Annotated[list[Kind], Meta(max_length=32)] = []


class RotateWebhookSecret(Sent, frozen=True):
    """A new secret; for a day the old one signs as well. Answered by `webhook`."""

    webhook: Id


class RemoveWebhook(Sent, frozen=True):
    """With everything that still waits."""

    webhook: Id
    owner: Owner | None = None


class ListWebhooks(Sent, frozen=True):
    """One's own, and how they are doing; operators see all. Answered by `webhooks`."""


class ListDeadLetters(Sent, frozen=True):
    """What was given up. Answered by `dead_letters`."""

    webhook: Id
    owner: Owner | None = None
    after: Seq = 0
    limit: Annotated[int, Meta(ge=1, le=200)] = 50


class RedriveWebhook(Sent, frozen=True):
    """Try again what was given up: the event with this `seq`, or all. Answered by `redriven`."""

    webhook: Id
    owner: Owner | None = None
    seq: Seq | None = None


HookingRequest = (
    SetWebhook
    | RotateWebhookSecret
    | RemoveWebhook
    | ListWebhooks
    | ListDeadLetters
    | RedriveWebhook
)
