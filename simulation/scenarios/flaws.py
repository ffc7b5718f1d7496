"""What can be wrong with a scenario, said all at once: each flaw with a stable code and its key."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Literal

from msgspec import Struct

FlawCode = Literal[
    "unreadable",
    "not_toml",
    "base_cycle",
    "unknown_key",
    "missing_key",
    "wrong_value",
    "no_demand",
    "no_product",
    "no_store",
    "no_courier",
    "duplicate_id",
    "unknown_category",
    "unknown_product",
    "unknown_promotion",
    "negative_shift",
    "shift_too_long",
    "nobody_working",
    "courier_too_small",
    "promise_too_short",
    "unknown_group",
    "unknown_skill",
    "negative_episode",
    "out_of_town",
    "unknown_policy",
    "thinking_too_long",
]


class Flaw(Struct, frozen=True):
    """One thing that is wrong: a stable code, where, and what to do about it."""

    code: FlawCode
    key: str
    detail: str

    def __str__(self) -> str:
        return f"{self.key or 'scenario'}: {self.detail} ({self.code})"


class ScenarioError(ValueError):
    """The scenario cannot be played. `flaws` has at least one element."""

    def __init__(self, flaws: list[Flaw]) -> None:
        super().__init__("; ".join(map(str, flaws)))
        self.flaws = flaws


def nearest(word: str, known: Iterable[str]) -> str:
    """The word that was probably meant; empty if there is none to choose from."""
    near = get_close_matches(word, list(known), n=1, cutoff=0.0)
    return near[0] if near else ""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    near = nearest(word, known)
    return f'; did you mean "{near}"?' if near else ""
