"""Verification: is a journal whole, does it still mean what it said, and is its state sound?

Every record is read and its digest checked; decided again and compared byte for byte; applied,
and the state of both ways compared with each other, with every snapshot, and with the invariants.
"""

from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct, field

from engine import snapshot
from engine.audit import violations
from engine.codec import decode, decode_outcome, encode
from engine.commands import TimerCommand
from engine.engine import Engine, Record
from engine.errors import CorruptJournalError, EngineError
from gateway.storage.conservation import Conservation
from gateway.storage.journal import JOURNAL_FILE, JournalReader
from gateway.storage.recovery import must_follow
from gateway.storage.snapshots import Snapshot, Snapshots
from gateway.storage.witness import last_witnessed

AUDIT_EVERY = 10_000  # records


class Kind(StrEnum):
    DAMAGE = "damage"  # what is stored is not what was written
    DECISION = "decision"  # today's code decides otherwise
    STATE = "state"  # two ways to the same record, two states
    INVARIANT = "invariant"  # the state contradicts itself
    SNAPSHOT = "snapshot"  # unusable; the journal has everything, so it only costs time


EXIT_CODE = {Kind.DAMAGE: 2, Kind.DECISION: 1, Kind.STATE: 1, Kind.INVARIANT: 1, Kind.SNAPSHOT: 0}


class Finding(NamedTuple):
    """At most one of each kind is kept, the first; `seq` is the record it was found at."""

    kind: Kind
    seq: int
    text: str


class Report(Struct):
    """What was checked and what was found. `exit_code`: 0 sound, 1 different, 2 damaged."""

    records: int = 0
    decided: int = 0
    audits: int = 0
    snapshots: int = 0
    findings: list[Finding] = []
    from_ms: int = 0  # of the first record, and of the last
    to_ms: int = 0
    conservation: Conservation = field(default_factory=Conservation)

    @property
    def exit_code(self) -> int:
        return max((EXIT_CODE[x.kind] for x in self.findings), default=0)

    def found(self, kind: Kind) -> Finding | None:
        return next((x for x in self.findings if x.kind is kind), None)

    def add(self, kind: Kind, seq: int, text: str) -> None:
        if self.found(kind) is None:
            self.findings.append(Finding(kind, seq, text))

    def lines(self) -> Iterator[str]:
        """For people."""
        yield (
            f"{self.records} records read, {self.decided} decided again, "
            f"{self.snapshots} snapshots compared, {self.audits} audits"
        )
        for kind, seq, text in self.findings:
            yield f"{kind} at record {seq}: {text}"
        if {x.kind for x in self.findings} - {Kind.SNAPSHOT} == {Kind.DECISION}:
            yield "whole and sound; today's rules would decide otherwise, what was decided stands"
        else:
            yield ("sound", "not what it was: see above", "damaged: see above")[self.exit_code]


def verify(
    directory: Path,
    audit_every: int = AUDIT_EVERY,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Report:
    """Of the journal in that directory; may run beside the engine that writes it.

    `on_progress` is told the record reached, now and then. Raises FileNotFoundError.
    """
    report, durable = Report(), last_witnessed(directory)
    try:
        with JournalReader(directory / JOURNAL_FILE) as journal:
            pending = _snapshots(journal, Snapshots(directory), report)
            verification = _Verification(report, pending)
            for body in journal.bodies():
                verification.check(body)
                if report.records % audit_every == 0:
                    verification.audit()
                    on_progress(report.records)
            verification.finish()
            journal.must_have(*durable)
    except CorruptJournalError as error:
        report.add(Kind.DAMAGE, error.seq, str(error))
    return report


def _snapshots(journal: JournalReader, kept: Snapshots, report: Report) -> dict[int, Snapshot]:
    intact = {x.seq: x for x in kept.intact()}
    for found in intact.values():
        must_follow(found, journal)
    damaged = len(kept.paths()) - len(intact)
    if damaged:
        report.add(Kind.SNAPSHOT, journal.head()[0], f"{damaged} damaged, recovery passes them by")
    others = [k for k, x in intact.items() if snapshot.layout_of(x.state) != snapshot.LAYOUT]
    for seq in others:
        said = f"of layout {snapshot.layout_of(intact.pop(seq).state)}, recovery passes it by"
        report.add(Kind.SNAPSHOT, seq, said)
    return intact


class _Verification:
    """Two engines side by side: one repeats what was decided, one decides again."""

    def __init__(self, report: Report, snapshots: dict[int, Snapshot]) -> None:
        self._report = report
        self._snapshots = snapshots
        self._applied = Engine()
        self._deciding: Engine | None = Engine()  # None once it has gone its own way

    def check(self, body: bytes) -> None:
        seq = self._report.records = self._report.records + 1
        record = decode(body)
        self._report.from_ms, self._report.to_ms = self._report.from_ms or record.at, record.at
        self._report.conservation.fold(record)
        self._decide(seq, body, record)
        try:
            self._applied.apply(decode_outcome(body))
        except (EngineError, AssertionError, LookupError) as error:
            raise CorruptJournalError(f"record {seq} cannot be applied: {error!r}", seq) from error
        if seq in self._snapshots:
            self._compare(seq, self._snapshots[seq])

    def audit(self) -> None:
        self._report.audits += 1
        for violation in violations(self._applied.state):
            self._report.add(Kind.INVARIANT, self._applied.seq, violation)

    def finish(self) -> None:
        """Both engines say the same at the end, it makes sense, and nothing was made or lost."""
        seq, deciding = self._applied.seq, self._deciding
        states = [snapshot.dump(x) for x in (self._applied, deciding) if x is not None]
        if not snapshot.is_same(states[0], states[-1]):
            self._report.add(Kind.STATE, seq, "deciding and applying lead to different states")
        self.audit()
        counts = self._report.conservation.counts
        if not counts.is_sound:
            self._report.add(Kind.INVARIANT, seq, f"it does not add up: {counts}")

    def _decide(self, seq: int, body: bytes, record: Record) -> None:
        if self._deciding is None:
            return
        difference = _difference(self._deciding, record, body)
        if difference:
            self._report.add(Kind.DECISION, seq, difference)
            self._deciding = None
        else:
            self._report.decided += 1

    def _compare(self, seq: int, kept: Snapshot) -> None:
        """From here on a thawed engine decides: it must not be able to tell."""
        self._report.snapshots += 1
        if not snapshot.is_same(kept.state, snapshot.dump(self._applied)):
            self._report.add(Kind.STATE, seq, "the snapshot is not the state the records lead to")
        elif self._deciding is not None:
            self._deciding = snapshot.load(kept.state)


def _difference(engine: Engine, record: Record, body: bytes) -> str:
    """What the engine decides otherwise, in words; empty if nothing."""
    if isinstance(record.command, TimerCommand):
        turns = engine.turns_due(record.at)
    else:
        turns = engine.turns(record.at, record.command, record.key)
    name = type(record.command).__name__
    try:
        again = next(turns, None)
    except (EngineError, AssertionError, LookupError) as error:
        return f"{name} cannot be decided: {error!r}"
    if again is None:
        return f"{name}: no such timer is due"
    made = encode(again)
    if made == body or made == encode(record):  # written before a field was there: its default
        return ""
    if again.command != record.command:
        return f"{type(again.command).__name__} comes first, the journal has {name}"
    for then, now in zip(record.events, again.events, strict=False):
        if then != now:
            return f"{name}: was {then}, is {now}"
    return f"{name}: {len(record.events)} events then, {len(again.events)} now"
