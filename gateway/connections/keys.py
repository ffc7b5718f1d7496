"""The keys of requests that are on their way, of all connections: each is of one kind."""

from collections import Counter

from engine.values import RequestKey
from gateway.codes import Refusal


class Keys:
    """From when a request is read until it is answered; before that neither the engine nor who
    keeps deeds has heard of its key. Repeats are of the same kind, and as many as they are.
    """

    def __init__(self) -> None:
        self._taken: dict[bool, Counter[RequestKey]] = {True: Counter(), False: Counter()}

    def take(self, key: RequestKey, is_deed: bool) -> None:
        """Raises Refusal("idempotency_conflict") if it is on its way for the other kind."""
        if key in self._taken[not is_deed]:
            raise Refusal("idempotency_conflict")
        self._taken[is_deed][key] += 1

    def give_back(self, key: RequestKey, is_deed: bool) -> None:
        of_kind = self._taken[is_deed]
        of_kind[key] -= 1
        if not of_kind[key]:
            del of_kind[key]
