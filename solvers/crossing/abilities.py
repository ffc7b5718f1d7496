"""Who may carry what, as bits: the skills goods ask for, and no order for who refused it.

The same state gives the same bits, whatever was kept.
"""

import numpy as np
from numba import njit

from engine.columns import Int64s
from engine.values import Skill
from solvers.crossing.workforce import Crew
from solvers.problem import Flags, Ints

BITS = 62  # of the solver's skills: a courier's own take the first, each order refused one more
NOBODY = 1 << BITS  # and one that no courier has
SKILLS_MAX = 40  # at once; what asks for more waits for what came before it
ALL = NOBODY - 1


class Abilities:
    """Of open deliveries, by slot: what each asks for, and which couriers refused it."""

    def __init__(self) -> None:
        self._needs: dict[int, list[Skill]] = {}
        self._refusers: dict[int, list[int]] = {}  # their numbers
        self._refusals: Int64s | None = None  # the same as _forbid takes it, if it is

    def needed(self, slot: int, skills: list[Skill]) -> None:
        self._needs[slot] = skills

    def refused(self, slot: int, numbers: list[int]) -> None:
        if self._refusers.get(slot) != numbers:
            self._refusers[slot], self._refusals = numbers, None

    def forget(self, slot: int) -> None:
        self._needs.pop(slot, None)
        if self._refusers.pop(slot, None) is not None:
            self._refusals = None

    def draw_up(
        self, row_of: Ints, holder: Ints, untold: Flags, crew: Crew
    ) -> tuple[Int64s, Int64s]:
        """What a Problem's orders ask for (N,), and its couriers have (C,).

        By slot the row, or -1; by row who has the order, or -1, and whether nobody was told of it.
        """
        skills, has = np.zeros(len(holder), np.int64), np.full(len(crew.ids), ALL, np.int64)
        used = self._own_skills(row_of, untold, crew, skills, has) if self._needs else 0
        if self._refusals is None:
            rows = [(slot, x) for slot in sorted(self._refusers) for x in self._refusers[slot]]
            self._refusals = np.array(rows, np.int64).reshape(-1, 2)
        _forbid(self._refusals, row_of, holder, crew.numbers, used, skills, has)
        return skills, has

    def _own_skills(
        self, row_of: Ints, untold: Flags, crew: Crew, skills: Int64s, has: Int64s
    ) -> int:
        """Fill in what couriers have and deliveries ask for, the oldest first; bits used.

        What nobody was told of and asks for a skill that has no bit left is for nobody yet.
        """
        bits = dict[Skill, int]()
        for slot in sorted(self._needs):
            row, needs = row_of[slot], self._needs[slot]
            if row < 0:
                continue
            mine = [bits.setdefault(x, len(bits)) for x in needs]
            if max(mine) < SKILLS_MAX:
                skills[row] = sum(1 << x for x in mine)
            elif untold[row]:
                skills[row] = NOBODY
        used = min(len(bits), SKILLS_MAX)
        known = {x: 1 << bit for x, bit in bits.items() if bit < used}
        kinds = np.array([sum(known.get(x, 0) for x in kind) for kind in crew.kinds], np.int64)
        has &= ~((1 << used) - 1)
        if len(has):
            has |= kinds[crew.kind]
        return used


@njit(nogil=True, cache=True)
def _forbid(
    refusals: Int64s,
    row_of: Ints,
    holder: Ints,
    numbers: Ints,
    used: int,
    skills: Int64s,
    has: Int64s,
) -> None:
    """Whoever refused an order lacks a skill that only this order asks for: in `skills` (N,) and
    `has` (C,), where `used` bits are taken. Of refusals (R, 2), slot and number of the courier,
    those of a slot stand together.

    Where everyone at work who may carry it has said no once, all are asked again, and so is whoever
    has it already.
    """
    bit, k, end = used - 1, 0, 0
    while k < refusals.shape[0]:
        slot = refusals[k, 0]
        while end < refusals.shape[0] and refusals[end, 0] == slot:
            end += 1
        order = row_of[slot]
        if order >= 0:
            bit += 1
            if bit == BITS:
                break
            needs, refusers = skills[order], 0
            for m in range(k, end):
                c = _row(numbers, refusals[m, 1])
                refusers += c >= 0 and not needs & ~has[c]
            if refusers < _able(needs, has):
                skills[order] |= 1 << bit
                for m in range(k, end):
                    c = _row(numbers, refusals[m, 1])
                    if c >= 0 and c != holder[order]:
                        has[c] &= ~(1 << bit)
        k = end


@njit(nogil=True, cache=True)
def _row(numbers: Ints, number: int) -> int:
    """Of the courier with that number; -1 if he is not at work."""
    c = int(np.searchsorted(numbers, number))
    return c if c < numbers.shape[0] and numbers[c] == number else -1


@njit(nogil=True, cache=True)
def _able(skills: int, has: Int64s) -> int:
    """How many couriers have all of these."""
    if skills == 0:
        return int(has.shape[0])
    found = 0
    for c in range(has.shape[0]):
        found += not skills & ~has[c]
    return found
