"""What is told of webhooks: where events go, how that goes, and what had to be given up."""

from typing import Literal

from gateway.messages.values import Part, Told

LogFeed = Literal["orders", "tickets", "payments", "stock", "staff", "crm"]


class Webhook(Told, frozen=True):
    """`secret` signs what is sent; the one before it goes on signing, too, for a day."""

    webhook: str
    feed: LogFeed
    url: str
    secret: str
    kinds: list[str] = []
    after_seq: int = 0  # of the feed: what came until then is not sent


class WebhookState(Part, frozen=True):
    """`dropped` counts how often something may have been missed, and has to be 0.

    `lag_s`: how long the oldest of what is `pending` has been waiting. `down`: nobody answers
    there, and only now and then it is tried again. `suspended`: access was revoked; set it anew.
    """

    webhook: str
    owner: str
    feed: LogFeed
    url: str
    kinds: list[str]
    delivered: int
    failed_attempts: int
    pending: int
    dead: int
    dropped: int
    lag_s: int
    down: bool = False
    suspended: bool = False
    last_error: str = ""


class Webhooks(Told, frozen=True):
    webhooks: list[WebhookState]


class DeadLetter(Part, frozen=True):
    event: str
    seq: int
    kind: str
    attempts: int
    error: str
    since: str


class DeadLetters(Told, frozen=True):
    """Oldest first; `next` is the `after` of the following page."""

    letters: list[DeadLetter]
    next: int | None = None


class Redriven(Told, frozen=True):
    """So many are on their way again."""

    events: int
