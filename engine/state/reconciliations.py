"""Reconciliations: what moved at providers by our knowledge, compared with their bills."""

from msgspec import Struct

from engine.events import (
    BillLinesRead,
    DifferenceFound,
    DifferenceResolved,
    MoneyMoved,
    ReconciliationClosed,
    ReconciliationOpened,
)
from engine.values import (
    HOUR,
    DifferenceKind,
    Millis,
    MovementKind,
    ProviderId,
    ReconciliationId,
    movement_name,
)


class Movement(Struct, array_like=True):
    kind: MovementKind
    key: str
    amount_minor: int
    at: Millis


class Difference(Struct, array_like=True):
    kind: DifferenceKind
    movement: MovementKind
    key: str
    number: str
    ours_minor: int
    theirs_minor: int
    ours: str
    theirs: str
    at: Millis = Millis(0)  # of our movement, if there is one
    note: str = ""  # empty: nobody has looked at it
    booked: bool = False

    @property
    def name(self) -> str:
        return movement_name(self.movement, self.key)

    @property
    def missing_minor(self) -> int:
        """By how much the provider's account would have to grow to say what the bill says."""
        more = self.theirs_minor - self.ours_minor
        return more if self.movement is MovementKind.PAYMENT else -more


class Reconciliation(Struct, array_like=True):
    provider: ProviderId
    from_at: Millis
    to_at: Millis
    is_open: bool = True
    lines: int = 0
    agreed: int = 0
    fees_minor: int = 0
    differences: list[Difference] = []
    found: dict[str, Movement] = {}  # on its lines; only while it is open,
    late: dict[str, None] = {}  # and what an earlier bill should have shown,
    early: dict[str, None] = {}  # or what has not moved yet


class Unbilled(Struct, array_like=True):
    """Movements of one provider that no bill has shown yet, and again by the hour."""

    movements: dict[str, Movement] = {}
    hours: dict[int, dict[str, None]] = {}


class Reconciliations(Struct):
    """Invariant: every movement is unbilled, found on one bill, or part of one difference."""

    unbilled: dict[ProviderId, Unbilled] = {}
    reconciliations: dict[ReconciliationId, Reconciliation] = {}
    unresolved: dict[str, tuple[ReconciliationId, int]] = {}  # of closed ones, by movement
    billed: dict[str, None] = {}  # before they moved

    # queries

    def __getitem__(self, key: ReconciliationId) -> Reconciliation:
        return self.reconciliations[key]

    def get(self, key: ReconciliationId) -> Reconciliation | None:
        return self.reconciliations.get(key)

    def movement(self, provider: ProviderId, name: str) -> Movement | None:
        """One that no bill has shown yet."""
        unbilled = self.unbilled.get(provider)
        return unbilled.movements.get(name) if unbilled else None

    def between(self, provider: ProviderId, from_at: int, to_at: int) -> list[Movement]:
        """Unbilled ones of [from_at, to_at), hour by hour, in the order we heard of them."""
        unbilled = self.unbilled.get(provider)
        if unbilled is None:
            return []
        hours = range(from_at // HOUR, -(-to_at // HOUR))
        names = [name for hour in hours for name in unbilled.hours.get(hour, ())]
        movements = [unbilled.movements[name] for name in names]
        return [x for x in movements if from_at <= x.at < to_at]

    def unresolved_of(
        self, provider: ProviderId, name: str
    ) -> tuple[ReconciliationId, int, Difference] | None:
        """The difference that this movement is still waiting in."""
        where = self.unresolved.get(f"{provider}/{name}")
        if where is None:
            return None
        key, number = where
        return key, number, self.reconciliations[key].differences[number]

    # events

    def money_moved(self, e: MoneyMoved) -> None:
        name = f"{e.provider}/{movement_name(e.kind, e.key)}"
        if name in self.billed:
            del self.billed[name]
        else:
            self._add(e.provider, Movement(e.kind, e.key, e.amount_minor, e.at))

    def reconciliation_opened(self, e: ReconciliationOpened) -> None:
        begun = self.reconciliations.get(e.reconciliation)
        if begun is not None:  # it begins again: nothing was read
            assert begun.is_open
            for movement in begun.found.values():
                self._add(begun.provider, movement)
        self.reconciliations[e.reconciliation] = Reconciliation(e.provider, e.from_at, e.to_at)

    def bill_lines_read(self, e: BillLinesRead) -> None:
        reconciliation = self._open(e.reconciliation)
        reconciliation.lines += e.lines
        reconciliation.agreed += e.agreed
        reconciliation.fees_minor += e.fees_minor
        for name in e.names:
            assert name not in reconciliation.found
            reconciliation.found[name] = self._take(reconciliation.provider, name)
        reconciliation.late |= dict.fromkeys(e.late)
        reconciliation.early |= dict.fromkeys(e.early)

    def difference_found(self, e: DifferenceFound) -> None:
        reconciliation = self._open(e.reconciliation)
        assert e.difference == len(reconciliation.differences)
        difference = Difference(
            e.kind,
            e.movement,
            e.key,
            e.number,
            e.ours_minor,
            e.theirs_minor,
            e.ours,
            e.theirs,
        )
        if e.kind is DifferenceKind.MISSING_THERE:
            movement = self._take(reconciliation.provider, difference.name)
            reconciliation.found[difference.name] = movement
        found = reconciliation.found.get(difference.name)
        difference.at = found.at if found else Millis(0)
        reconciliation.differences.append(difference)

    def reconciliation_closed(self, e: ReconciliationClosed) -> None:
        reconciliation = self._open(e.reconciliation)
        for name in reconciliation.early:
            if self.movement(reconciliation.provider, name):
                self._take(reconciliation.provider, name)  # it moved while the bill was read
            else:
                self.billed[f"{reconciliation.provider}/{name}"] = None
        reconciliation.is_open, reconciliation.found = False, {}
        reconciliation.late, reconciliation.early = {}, {}
        for number, difference in enumerate(reconciliation.differences):
            if difference.key:
                name = f"{reconciliation.provider}/{difference.name}"
                self.unresolved[name] = e.reconciliation, number

    def difference_resolved(self, e: DifferenceResolved) -> None:
        reconciliation = self.reconciliations[e.reconciliation]
        difference = reconciliation.differences[e.difference]
        assert e.note
        assert not difference.note
        difference.note, difference.booked = e.note, e.booked
        name = f"{reconciliation.provider}/{difference.name}"
        if self.unresolved.get(name) == (e.reconciliation, e.difference):
            del self.unresolved[name]
        if self.movement(reconciliation.provider, difference.name):
            self._take(reconciliation.provider, difference.name)  # it came after all

    # internals

    def _open(self, key: ReconciliationId) -> Reconciliation:
        reconciliation = self.reconciliations[key]
        assert reconciliation.is_open
        return reconciliation

    def _add(self, provider: ProviderId, movement: Movement) -> None:
        unbilled = self.unbilled.setdefault(provider, Unbilled())
        name = movement_name(movement.kind, movement.key)
        assert name not in unbilled.movements
        unbilled.movements[name] = movement
        unbilled.hours.setdefault(movement.at // HOUR, {})[name] = None

    def _take(self, provider: ProviderId, name: str) -> Movement:
        unbilled = self.unbilled[provider]
        movement = unbilled.movements.pop(name)
        hour = unbilled.hours[movement.at // HOUR]
        del hour[name]
        if not hour:
            del unbilled.hours[movement.at // HOUR]
        return movement
