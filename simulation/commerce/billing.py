"""The evening's bills: what each provider says it has moved, and where the books disagree."""

from msgspec.structs import replace

from engine.commands import (
    CloseReconciliation,
    OpenReconciliation,
    ReportBillLines,
    ResolveDifference,
)
from engine.values import (
    HOUR,
    BillLine,
    Millis,
    MovementKind,
    ProviderId,
    ReconciliationId,
)
from simulation.commerce.parts import Bill
from simulation.people.bank import Bank
from simulation.scenarios.scenario import Scenario
from simulation.streams import Draws
from simulation.world import World

AT_ONCE, PERMILLE = 1_000, 1_000
TOO_MUCH_MINOR = 100
SAID = "the provider says it is theirs to correct"


def with_flaws(lines: list[BillLine], bill: Bill, draws: Draws) -> list[BillLine]:
    """Each flaw is about a line of its own; fewer flaws if there are not that many."""
    left = list(range(len(lines)))
    told: list[BillLine | None] = list(lines)
    for _ in range(min(len(left), bill.missing)):
        told[left.pop(draws.below(len(left)))] = None
    for _ in range(min(len(left), bill.wrong_amount)):
        n = left.pop(draws.below(len(left)))
        told[n] = replace(lines[n], amount_minor=lines[n].amount_minor + TOO_MUCH_MINOR)
    for _ in range(min(len(left), bill.wrong_state)):
        n = left.pop(draws.below(len(left)))
        told[n] = replace(lines[n], moved=False, state="closed")
    strangers = [
        BillLine(MovementKind.PAYMENT, "", f"stranger-{n}", 100 + draws.below(9_900), 0, True, "ok")
        for n in range(1, bill.invented + 1)
    ]
    return [*(x for x in told if x is not None), *strangers]


class Bills:
    """One for every provider, laid beside the books by the office."""

    def __init__(self, world: World, scenario: Scenario, bill: Bill, bank: Bank) -> None:
        self._world, self._bill, self._bank = world, bill, bank
        self._from_at = scenario.starts_ms
        at = scenario.starts_ms + round(bill.at_h * HOUR)
        world.surely(at - world.now, self._compare_all)

    def _compare_all(self) -> None:
        for provider in self._bank.statements:
            self._compare(provider)

    def _compare(self, provider: ProviderId) -> None:
        """All that moved before now; what comes after is on the next bill."""
        world, key = self._world, ReconciliationId(f"{provider}-bill")
        until = Millis(world.now)
        moved = [
            replace(x, fee_minor=x.amount_minor * self._bill.fee_permille // PERMILLE)
            for at, x in self._bank.statements[provider]
            if at < until
        ]
        lines = with_flaws(moved, self._bill, world.streams.named("bill", provider))
        world.submit(OpenReconciliation(key, provider, self._from_at, until))
        for n in range(0, len(lines), AT_ONCE):
            world.submit(ReportBillLines(key, lines[n : n + AT_ONCE]))
        world.submit(CloseReconciliation(key, len(lines)))
        found = len(world.state.reconciliations[key].differences)
        for n in range(found):
            world.submit(ResolveDifference(key, n, SAID))
