"""Why a submitted command got no record. Codes are stable: clients decide by them.

    SubmissionError
    ├── RefusedError              it was not decided, and will not be
    │   ├── OverloadedError       come back after `retry_after_s`
    │   ├── StoppingError         this process ends; another one will take it
    │   ├── NoRoomError           the disk is full; come back
    │   └── IdempotencyConflictError   the idempotency key belongs to another command
    └── UnsettledError            nobody knows; repeat it under the same key and find out

A rejection (engine.rejections) is different: it was decided, it is recorded, it is an answer.
"""

from engine.commands import AnyCommand
from engine.values import RequestKey

NO_ROOM = "no room on the disk"


class SubmissionError(Exception):
    """`retry_after_s` is when trying again may help; None if it never does."""

    code = "internal"
    retry_after_s: float | None = None


class RefusedError(SubmissionError):
    pass


class OverloadedError(RefusedError):
    code = "overloaded"

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"too much is waiting; try again in {retry_after_s:.0f} s")
        self.retry_after_s = retry_after_s


class StoppingError(RefusedError):
    code = "stopping"
    retry_after_s = 1.0


class NoRoomError(RefusedError):
    code = "storage_full"
    retry_after_s = 5.0


class IdempotencyConflictError(RefusedError):
    code = "idempotency_conflict"

    def __init__(self, key: str) -> None:
        super().__init__(f"the idempotency key {key!r} was used for another command")


class UnsettledError(SubmissionError):
    code = "unsettled"
    retry_after_s = 1.0


def must_equal(command: AnyCommand, first: AnyCommand, key: RequestKey) -> None:
    """Raises IdempotencyConflictError: `first` is what the key was used for."""
    if command != first:
        raise IdempotencyConflictError(key)
