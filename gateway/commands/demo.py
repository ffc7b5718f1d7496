"""`o2o demo`: a server in one process, a city of websocket clients in this one.

The server is supervised: if it dies, however it dies, it is started again on the same data, and
the clients resume by themselves.
"""

import argparse
import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from rich.console import Console
from rich.live import Live
from rich.table import Table

from engine.engine import Engine
from engine.settings import Settings
from engine.values import CASH
from gateway.auth import LIFE_MAX_S, Tokens, load_secret
from gateway.clock import stopwatch_s, wall_s
from gateway.latency import Latency
from gateway.messages import Role
from gateway.ports import port
from gateway.storage.journal import JOURNAL_FILE, JournalReader
from gateway.storage.verification import verify
from simulation.commerce.lines import lines
from simulation.commerce.systems import Bookkeeping
from simulation.days.day import Day, of_scenario
from simulation.live.city import City, alive
from simulation.live.meals import day_of
from simulation.live.party import Phone
from simulation.mdrp.instance import read_instance
from simulation.people.planner import objective_of
from simulation.scenarios.scenario import Scenario
from simulation.scenarios.scenario_file import find, load
from simulation.streams import RandomStreams
from solvers.portfolio import SOLVERS

STARTS_WITHIN_S = 600.0  # the first start compiles the kernels
SAID_AFTER_S = 6.0
FAILURES_MAX = 3
DRAIN_MIN = 120.0
LINE_S = 1.0
out = Console(highlight=False)


class Paying(NamedTuple):
    """Whom customers pay with, if not a bank among the clients; and with what in their hand."""

    providers: tuple[str, ...] = ()
    phone: Phone | None = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--scenario", default="lunch_rush", help="a name in scenarios/, or a file")
    parser.add_argument("--mdrp", type=Path, help="a meal-delivery instance's folder, instead")
    parser.add_argument("--speed", type=float, default=60.0, help="city seconds in one of yours")
    parser.add_argument(
        "--minutes", type=float, help="city minutes of customers; then a summary (none: for ever)"
    )
    parser.add_argument("--headless", action="store_true", help="no live line, for scripts")
    parser.add_argument("--data", type=Path, default=Path("data"), help="where the journal is kept")
    parser.add_argument("--port", type=port, default=8080, help="of gateway and console")
    parser.add_argument(
        "--sandbox", action="store_true", help="pay through real providers' protocols, in a sandbox"
    )
    parser.add_argument(
        "--solver", help="answers planning rounds, instead of the scenario's: one of `o2o solvers`"
    )
    parser.add_argument(
        "--improver", default="none", help="goes on thinking between them, which no scenario says"
    )
    parser.add_argument("--seed", type=int, default=1, help="of everything the city draws")


def run(args: argparse.Namespace) -> int:
    """0 if every acknowledged order is there and has ended, and the journal is whole."""
    if not args.speed > 0:
        raise ValueError(f"time must pass: --speed {args.speed}")
    streams = RandomStreams(args.seed)
    if args.mdrp is not None:
        day = day_of(read_instance(args.mdrp))
    else:
        day = of_scenario(load(find(args.scenario)), streams)
    return asyncio.run(_demo(args, day, streams))


def at_speed(settings: Settings, speed: float) -> Settings:
    """Whoever answers by machine keeps time to answer, however fast the city runs."""
    least_s = {
        "planning_interval_ms": 0.1,
        "planning_timeout_ms": 2.0,
        "release_ahead_ms": 1.0,
        "offer_timeout_ms": 3.0,
        "payment_timeout_ms": 5.0,
        "acceptance_timeout_ms": 5.0,
        "quote_life_ms": 5.0,
    }
    slower = {
        name: max(getattr(settings, name), round(wall_s * 1_000 * speed))
        for name, wall_s in least_s.items()
    }
    return msgspec.structs.replace(settings, **slower)


def planning(args: argparse.Namespace, scenario: Scenario) -> list[str]:
    """How the server is to plan: as the scenario says, unless told otherwise. For `o2o serve`."""
    policy, objective = scenario.planner, args.data / "objective.json"
    solver = args.solver or policy.policy
    for unknown in {solver, args.improver} - {"none", *SOLVERS}:
        raise ValueError(f"no solver {unknown}; there are {', '.join(SOLVERS)}")
    objective.write_bytes(msgspec.json.encode(objective_of(policy, scenario.engine)))
    words = ["--solver", solver, "--improver", args.improver, "--objective", str(objective)]
    if not args.solver:
        words += ["--iterations", str(policy.iterations)]
    if policy.moves_per_h is not None:
        words += ["--moves-per-h", str(policy.moves_per_h)]
    words += ["--reposition"] if policy.repositions else []
    if scenario.city.streets and scenario.city.streets_told:
        words += ["--streets", scenario.city.streets]
    return [*words, *(("--hold",) if policy.holds else ())]


class Supervisor:
    """Keeps one `o2o serve` running until told otherwise."""

    def __init__(
        self, args: argparse.Namespace, settings: Path, planning: Sequence[str] = ()
    ) -> None:
        self.restarts = 0
        self._command = [
            *(sys.executable, "-m", "gateway.cli", "serve"),
            *("--data", str(args.data), "--port", str(args.port)),
            *("--speed", str(args.speed), "--settings", str(settings), "--quiet"),
            *planning,
        ]
        self._port = args.port
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def watch(self) -> asyncio.Task[None]:
        """Ends only if the server cannot be kept alive, with the reason."""
        assert self._watch is not None
        return self._watch

    async def start(self) -> None:
        """Returns when it answers. Raises RuntimeError if it ends instead."""
        await self._spawn()
        began_s, told = stopwatch_s(), False
        while not await self._answers():
            assert self._process is not None
            waited_s = stopwatch_s() - began_s
            if self._process.returncode is not None or waited_s > STARTS_WITHIN_S:
                raise RuntimeError(f"the server did not start: {' '.join(self._command)}")
            if waited_s > SAID_AFTER_S and not told:
                told = True
                out.print("compiling the planner's kernels: once on a machine, about a minute ...")
            await asyncio.sleep(0.1)
        self._watch = asyncio.create_task(self._keep_alive())

    async def stop(self) -> int:
        """Ask it to end, and wait. Its exit status."""
        if self._watch is not None:
            self._watch.cancel()
        if self._process is None:
            return 0
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        return await self._process.wait()

    async def _spawn(self) -> None:
        # Its own session: Ctrl-C is ours to pass on, so that clients leave first.
        self._process = await asyncio.create_subprocess_exec(
            *self._command, stdin=asyncio.subprocess.DEVNULL, start_new_session=True
        )

    async def _keep_alive(self) -> None:
        failures = 0
        while True:
            assert self._process is not None
            status = await self._process.wait()
            # Killed is not failed: only a server that ends by itself, again and again, is hopeless.
            failures = failures + 1 if status > 0 else 0
            if failures == FAILURES_MAX:
                raise RuntimeError(f"the server ended {failures} times by itself, with {status}")
            self.restarts += 1
            await self._spawn()

    async def _answers(self) -> bool:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            return False
        writer.write(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        with suppress(OSError):
            line = await reader.readline()
            writer.close()
            return b" 200 " in line
        return False


async def _demo(args: argparse.Namespace, day: Day, streams: RandomStreams) -> int:
    args.data.mkdir(parents=True, exist_ok=True)
    settings = args.data / "settings.json"
    settings.write_bytes(msgspec.json.encode(at_speed(day.scenario.engine, args.speed)))
    tokens = Tokens(load_secret(args.data))
    supervisor = Supervisor(args, settings, planning(args, day.scenario))
    stopped = _on_signals()
    out.print(
        f"[bold]{day.scenario.name}[/] at {args.speed:g} times the speed of life, "
        f"planned by {args.solver or day.scenario.planner.policy} ..."
    )
    async with AsyncExitStack() as stack:
        paying = Paying()
        if args.sandbox:
            paying = await stack.enter_async_context(_sandbox(args, day))
        return await _city(args, day, streams, tokens, supervisor, stopped, paying)


@asynccontextmanager
async def _sandbox(args: argparse.Namespace, day: Day) -> AsyncIterator[Paying]:
    """In this process, so that it survives the server."""
    from aiohttp import ClientSession  # here, as what follows, for it takes its time to load

    from gateway.providers.sandbox.command import practising
    from gateway.providers.sandbox.hand import Hand
    from gateway.providers.sandbox.postman import Conduct

    async with practising(args.data, seed=args.seed) as sandbox, ClientSession() as session:
        after_s = min(day.scenario.bank.answers_s.median / args.speed, 1.0)
        sandbox.conduct = Conduct(
            pays=1 - day.scenario.bank.silent,
            pays_after_s=after_s,
            fails_first=day.scenario.bank.declines,
            drops=0.02,
            duplicates=0.1,
            delays_s=after_s,
        )
        out.print(f"sandbox  {sandbox.url}")
        chinese = day.scenario.engine.currency == "CNY"
        providers = ("wechat", "alipay", "stripe", CASH) if chinese else ("stripe", CASH)
        yield Paying(providers, Hand(session, sandbox.url).use)


async def _city(
    args: argparse.Namespace,
    day: Day,
    streams: RandomStreams,
    tokens: Tokens,
    supervisor: Supervisor,
    stopped: asyncio.Event,
    paying: Paying,
) -> int:
    await supervisor.start()
    page = mint(tokens, "operator", "console")
    out.print(f"console  http://127.0.0.1:{args.port}/#token={page}", soft_wrap=True)
    began_s = stopwatch_s()
    ends = args.minutes is not None or not day.comes_again
    try:
        url = f"ws://127.0.0.1:{args.port}/ws"
        token = lambda role, subject: mint(tokens, role, subject)  # noqa: E731
        async with alive(url, token, day, streams, args.speed, *paying) as city:
            drained = await _live(args, city, supervisor, stopped)
            missing = await city.service.missing() if ends else []
            figures = summary(city, supervisor, missing, stopwatch_s() - began_s)
    finally:
        status = await supervisor.stop()
    if not ends or stopped.is_set():
        out.print("stopped; start it again on the same data and it goes on")
        return status
    out.print(figures)
    report = await asyncio.to_thread(verify, args.data)
    for line in report.lines():
        out.print(f"journal: {line}")
    if day.scenario.commerce is not None and not report.exit_code:
        out.print(await asyncio.to_thread(systems, args.data, day.scenario.engine.currency))
    return 0 if drained and not missing and not report.exit_code and not status else 1


async def _live(
    args: argparse.Namespace, city: City, supervisor: Supervisor, stopped: asyncio.Event
) -> bool:
    """Customers, then the rest of their orders. True if all has ended."""
    day = asyncio.create_task(_day(args, city))
    line = asyncio.create_task(_tell(args, city, supervisor))
    stop = asyncio.create_task(stopped.wait())
    await asyncio.wait((day, line, stop, supervisor.watch), return_when=asyncio.FIRST_COMPLETED)
    for task in (day, line, stop):
        if not task.done():
            task.cancel()
    results = await asyncio.gather(day, line, stop, return_exceptions=True)
    if supervisor.watch.done():
        supervisor.watch.result()  # raises why there is no server any more
    for result in results:
        if isinstance(result, Exception):
            raise result
    return results[0] is True


async def _day(args: argparse.Namespace, city: City) -> bool:
    await city.run(args.minutes)
    return await city.drain(DRAIN_MIN)


async def _tell(args: argparse.Namespace, city: City, supervisor: Supervisor) -> None:
    """One line that stays where it is; on a pipe, a line now and then."""
    if args.headless:
        await asyncio.Event().wait()
    with Live(console=out, auto_refresh=False, transient=True) as live:
        while True:
            live.update(_line(city, supervisor), refresh=True)
            await asyncio.sleep(LINE_S)


def _line(city: City, supervisor: Supervisor) -> str:
    k = city.office.kpis
    if k is None:
        return "waiting for the first figures ..."
    on_time = "-" if k.on_time_permille is None else f"{k.on_time_permille / 10:.1f} %"
    p99 = "-" if k.p99_order_to_plan_ms is None else f"{k.p99_order_to_plan_ms} ms"
    line = (
        f"orders open [bold]{k.orders_open}[/] · delivered {k.delivered}"
        f" · on time [bold]{on_time}[/]"
        f" · couriers busy [bold]{k.couriers_busy}[/]/{k.couriers_on_shift}"
        f" · p99 order to plan [bold]{p99}[/]"
    )
    return line + (f" · restarts {supervisor.restarts}" if supervisor.restarts else "")


def summary(city: City, supervisor: Supervisor, missing: list[str], wall_s: float) -> Table:
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
        ("server restarts", supervisor.restarts),
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


def mint(tokens: Tokens, role: Role, subject: str) -> str:
    """As long-lived as the role allows."""
    return tokens.mint(role, subject, LIFE_MAX_S[role], wall_s())


def _on_signals() -> asyncio.Event:
    """Set by the first Ctrl-C or SIGTERM."""
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    return stopped
