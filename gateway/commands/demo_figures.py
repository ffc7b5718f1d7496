"""How a city of websocket clients goes, on a line, and how it went, in tables."""

from pathlib import Path
from typing import Any

from rich.table import Table

from engine.engine import Engine
from gateway.latency import Latency
from gateway.storage.journal import JOURNAL_FILE, JournalReader
from simulation.commerce.lines import lines
from simulation.commerce.systems import Bookkeeping
from simulation.live.city import City


def line(city: City, restarts: int) -> str:
    """While it goes."""
    k = city.office.kpis
    if k is None:
        return "waiting for the first figures ..."
    on_time = "-" if k.on_time_permille is None else f"{k.on_time_permille / 10:.1f} %"
    p99 = "-" if k.p99_order_to_plan_ms is None else f"{k.p99_order_to_plan_ms} ms"
    said = (
        f"orders open [bold]{k.orders_open}[/] · delivered {k.delivered}"
        f" · on time [bold]{on_time}[/]"
        f" · couriers busy [bold]{k.couriers_busy}[/]/{k.couriers_on_shift}"
        f" · p99 order to plan [bold]{p99}[/]"
    )
    return said + (f" · restarts {restarts}" if restarts else "")


def summary(city: City, restarts: int, missing: list[str], wall_s: float) -> Table:
    """What happened, from the clients' side."""
    service, kpis = city.service, city.office.kpis
    door = Latency()
    for ms in service.click_to_door_ms:
        door.add(ms / 60_000)
    delivered = service.on_time + service.late
    ended = len(service.acknowledged) - delivered - service.collected
    rows: list[tuple[str, Any]] = [
        ("customers", service.come),
        ("orders acknowledged", len(service.acknowledged)),
        ("  of these missing on the server", len(missing)),
        ("  delivered", delivered),
        *([("  collected", service.collected)] if service.collected else []),
        ("  on time", f"{100 * service.on_time / delivered:.1f} %" if delivered else "-"),
        ("  ended otherwise", ended - service.open_orders),
        ("  still open", service.open_orders),
        ("click to door, p50 / p99", f"{door.p50:.1f} / {door.p99:.1f} min"),
        ("paid with", _counts(service.paid_with)),
        ("left without ordering", _counts(service.lost)),
        ("order to plan, p99", f"{kpis.p99_order_to_plan_ms} ms" if kpis else "-"),
        ("loop lag, p99", f"{kpis.loop_lag_p99_ms} ms" if kpis else "-"),
        ("server restarts", restarts),
        ("clients reconnected", city.reconnects),
        ("requests refused", _counts(city.refusals)),
        ("wall time", f"{wall_s:.1f} s"),
    ]
    table = Table("what", "figure", title="the city, as its clients saw it")
    for name, value in rows:
        table.add_row(name, str(value))
    return table


def systems(directory: Path, currency: str) -> Table:
    """A line for each of the six systems, from the journal."""
    engine, books = Engine(), Bookkeeping()
    with JournalReader(directory / JOURNAL_FILE) as journal:
        for record in journal.read():
            engine.apply(record)
            books.see(record)
    table = Table("system", "figures", title="the day, as the journal tells it")
    for name, line in lines(books.figures(engine.state, engine.now), currency):
        table.add_row(name, line)
    return table


def _counts(counter: Any) -> str:
    return ", ".join(f"{name} {n}" for name, n in sorted(counter.items())) or "0"
