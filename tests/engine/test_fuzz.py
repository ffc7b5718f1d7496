"""Half nonsense, half sense, from everyone at once; after every single record the books are right.

Longer, with other seeds: `O2O_FUZZ_SEEDS=100:1100 pytest tests/engine/test_fuzz.py`.
"""

import os
from collections import Counter
from typing import get_args

import pytest

from engine import codec, snapshot
from engine import commands as c
from engine import events as e
from engine.audit import violations
from engine.engine import Engine
from engine.rejections import RejectionReason
from tests.auditor import Auditor
from tests.days.random_days import RandomDay

FIRST, LAST = (int(x) for x in os.environ.get("O2O_FUZZ_SEEDS", "0:24").split(":"))
MORE = 70  # days, as long as something has not happened yet: what is rare takes its time
STEPS = 800
LONG, LOOKED_EVERY = 10_000, 100  # operations, and records between two looks at everything
LONG_DAYS = (101, 103)


class Reached:
    """What was asked, what happened, and what was refused, over all days."""

    def __init__(self) -> None:
        self.happened: Counter[type] = Counter()
        self.refused: Counter[RejectionReason] = Counter()
        self.asked: Counter[type] = Counter()

    def missing(self) -> list[str]:
        return [
            *(x.__name__ for x in e.Event.__subclasses__() if not self.happened[x]),
            *(x.__name__ for x in c.Command.__subclasses__() if not self.asked[x]),
            *(x.value for x in RejectionReason if not self.refused[x]),
        ]

    def note(self, record) -> None:
        self.happened.update(type(x) for x in record.events)
        self.refused.update(x.reason for x in record.events if isinstance(x, e.RouteSkipped))
        self.asked[type(record.command)] += 1
        if record.rejection:
            self.refused[record.rejection.reason] += 1


def test_a_fuzzer_breaks_nothing_and_reaches_everything():
    reached = Reached()
    for seed in range(FIRST, LAST + MORE):
        if seed >= LAST and not reached.missing():
            break
        chaos, shadow, auditor = RandomDay(seed), Engine(), Auditor()
        state = chaos.engine.state
        for phase in (chaos.records(STEPS), chaos.heal()):
            for record in phase:
                written = codec.decode(codec.encode(record))
                shadow.apply(written)
                auditor.fold(written)
                wrong = violations(state) + auditor.differences(state)
                assert wrong == [], f"seed {seed}, record {record.seq}: {record}"
                reached.note(record)
        assert snapshot.dump(chaos.engine) == snapshot.dump(shadow), f"seed {seed}"
        assert auditor.leftovers() == [], f"seed {seed}"
    assert reached.missing() == []


@pytest.mark.parametrize("seed", LONG_DAYS)
def test_ten_thousand_random_operations_keep_every_invariant(seed):
    """Sales, shelves, orders, money, deliveries, customers and complaints, all on one long day."""
    chaos, shadow, auditor, reached = RandomDay(seed), Engine(), Auditor(), Reached()
    state = chaos.engine.state
    for phase in (chaos.records(LONG), chaos.heal()):
        for record in phase:
            written = codec.decode(codec.encode(record))
            shadow.apply(written)
            auditor.fold(written)
            reached.note(record)
            if record.seq % LOOKED_EVERY == 0:
                wrong = violations(state) + auditor.differences(state)
                assert wrong == [], f"seed {seed}, up to record {record.seq}"
    assert violations(state) + auditor.differences(state) + auditor.leftovers() == []
    assert snapshot.dump(chaos.engine) == snapshot.dump(shadow)
    assert len(chaos.submitted) >= LONG
    known = get_args(c.ExternalCommand)
    assert sum(reached.asked[x] > 0 for x in known) > 0.8 * len(known)
