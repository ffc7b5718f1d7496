"""The scorecard for people: a few short tables, the most important figures first."""

from collections.abc import Mapping

from rich import box
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from simulation.commerce.lines import lines
from simulation.commerce.systems import Systems
from simulation.run import Run
from simulation.scorecard import Scorecard

REASONS_SHOWN = 6
WIDE = 140  # characters, for all tables in one row


def print_scorecard(console: Console, run: Run, took_s: float) -> None:
    """`took_s` is the computer's time; the run itself knows nothing of it."""
    card, hours = run.scorecard, run.scorecard.simulated_h
    title = Text.assemble(
        (card.provenance.scenario, "bold"), f"  ·  seed {run.seed}  ·  {hours:g} h simulated"
    )
    speed = f"in {took_s:.1f} s, {hours * 3600 / max(took_s, 1e-9):,.0f} times as fast as life"
    console.print(Panel(Text.assemble(title, "\n", (speed, "dim")), box=box.ROUNDED, expand=False))
    tables = [_service(card), _orders(card), _fleet(run, card), _planning(card)]
    across = len(tables) if console.width >= WIDE else len(tables) // 2
    grid = Table.grid(padding=(0, 3))
    for first in range(0, len(tables), across):
        grid.add_row(*tables[first : first + across])
    console.print(grid)
    if card.commerce is not None:
        _print_commerce(console, card.commerce, run.scenario.engine.currency)
    _print_reasons(console, card)
    _print_verdict(console, card)


def _table(title: str) -> Table:
    table = Table(title=title, box=box.SIMPLE_HEAD, show_header=False, title_justify="left")
    table.add_column(style="dim")
    table.add_column(justify="right", style="bold")
    return table


def _service(card: Scorecard) -> Table:
    service = card.service
    table = _table("Service")
    table.add_row("on time", _share_of_one(service.on_time_share))
    if service.by_expected_share is not None:
        table.add_row("by the time half should be", _share_of_one(service.by_expected_share))
    table.add_row("click to door, mean", _minutes(service.click_to_door.mean_s))
    table.add_row("    half within", _minutes(service.click_to_door.p50_s))
    table.add_row("    nine of ten within", _minutes(service.click_to_door.p90_s))
    table.add_row("the late ones, late by", _minutes(service.lateness.mean_s))
    table.add_row("    at worst", _minutes(service.lateness.worst_s))
    table.add_row("ready to pickup, mean", _minutes(service.ready_to_pickup.mean_s))
    table.add_row("    nine of ten within", _minutes(service.ready_to_pickup.p90_s))
    table.add_row("wait in store, mean", _minutes(service.in_store_to_pickup.mean_s))
    return table


def _orders(card: Scorecard) -> Table:
    orders = card.orders
    table = _table("Orders")
    table.add_row("customers", f"{orders.customers:,}")
    table.add_row("lost", f"{sum(orders.lost.values()):,}")
    table.add_row("placed", f"{orders.placed:,}")
    table.add_row("delivered", f"{orders.delivered:,}")
    if orders.collected:
        table.add_row("collected", f"{orders.collected:,}")
    table.add_row("cancelled", f"{sum(orders.cancelled.values()):,}")
    table.add_row("returned", f"{sum(orders.returned.values()):,}")
    table.add_row("pieces missing", f"{orders.short:,}")
    table.add_row("paid too late", f"{card.late_payments:,}")
    return table


def _fleet(run: Run, card: Scorecard) -> Table:
    fleet = card.fleet
    currency = run.scenario.engine.currency
    table = _table("Couriers")
    table.add_row("couriers", f"{fleet.couriers:,}")
    table.add_row("worked", f"{fleet.worked_h:,.0f} h")
    table.add_row("utilization", _share_of_one(fleet.utilization))
    table.add_row("deliveries per hour", f"{fleet.deliveries_per_h:.2f}")
    table.add_row("km per delivery", f"{fleet.km_per_delivery:.2f}")
    table.add_row("cost per delivery", f"{fleet.cost_per_delivery_minor / 100:.2f} {currency}")
    earned = fleet.delivery_fees_minor / max(1, card.orders.delivered)
    table.add_row("delivery fees, each", f"{earned / 100:.2f} {currency}")
    table.add_row("CO2e per delivery", f"{fleet.co2e_g_per_delivery:.0f} g")
    table.add_row("ride time, of the planned", f"{fleet.ride_time_ratio:.3f}")
    table.add_row("break-downs / rescues", f"{fleet.breakdowns} / {fleet.rescues}")
    return table


def _planning(card: Scorecard) -> Table:
    planning = card.planning
    table = _table("Planning")
    table.add_row("policy", card.provenance.planner.policy)
    table.add_row("rounds", f"{planning.rounds:,}")
    table.add_row("answered in time", f"{planning.answered:,}")
    table.add_row("routes out of date", f"{sum(planning.skipped.values()):,}")
    table.add_row("offers", f"{planning.offers:,}")
    table.add_row("accepted", f"{planning.accepted:,}")
    table.add_row("taken back", f"{sum(planning.taken_back.values()):,}")
    stability = card.stability
    table.add_row("orders moved an hour", f"{stability.moved_per_h:,.1f}")
    table.add_row("offer flips an hour", f"{stability.offer_flips_per_h:,.1f}")
    table.add_row("ETA flips an hour", f"{stability.eta_flips_per_h:,.1f}")
    table.add_row("records", f"{card.records:,}")
    return table


def _print_commerce(console: Console, systems: Systems, currency: str) -> None:
    """A line for each of the six systems."""
    table = Table(box=None, show_header=False, padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for name, line in lines(systems, currency):
        table.add_row(name, line)
    console.print(table)
    console.print()


def _print_reasons(console: Console, card: Scorecard) -> None:
    orders = card.orders
    table = Table(box=None, show_header=False, padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    _add_reasons(table, "lost because", orders.lost)
    _add_reasons(table, "cancelled by/because", orders.cancelled)
    _add_reasons(table, "returned because", orders.returned)
    _add_reasons(table, "offers taken back", card.planning.taken_back)
    _add_reasons(table, "refused", card.rejections)
    table.add_row("CO2e factors", card.fleet.co2e_source)
    for source in card.provenance.sources:
        table.add_row("recorded day", source)
    versions = card.provenance.versions.items()
    table.add_row("versions", ", ".join(f"{name} {number}" for name, number in versions))
    made = card.provenance
    digests = f"scenario {made.scenario_digest}, settings {made.settings_digest}"
    table.add_row("digests", digests)
    table.add_row("replications", f"{made.replications}, seed {made.seed}")
    table.add_row("journal digest", card.digest)
    console.print(table)


def _add_reasons(table: Table, what: str, counts: Mapping[str, int]) -> None:
    shown = [f"{reason} {count:,}" for reason, count in list(counts.items())[:REASONS_SHOWN]]
    rest = sum(list(counts.values())[REASONS_SHOWN:])
    if shown:
        table.add_row(what, ", ".join([*shown, *([f"others {rest:,}"] if rest else [])]))


def _print_verdict(console: Console, card: Scorecard) -> None:
    console.print()
    if card.stuck:
        shown = ", ".join(card.stuck[:10])
        text = f"{len(card.stuck)} orders did not end: {shown}. This is a bug."
        console.print(text, style="bold red", highlight=False)
    for violation in card.violations[:10]:
        console.print(f"Broken: {violation}", style="bold red", markup=False, highlight=False)
    if not card.stuck and not card.violations:
        text = "Every order ended; stock, money and routes add up."
        console.print(text, style="green", highlight=False)


def _minutes(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02d} min"


def _share_of_one(share: float) -> str:
    return f"{share:.1%}"
