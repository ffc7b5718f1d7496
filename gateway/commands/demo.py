"""`o2o demo`: a server in one process, a city of websocket clients in this one.

The server is supervised: if it dies, however it dies, it is started again on the same data, and
the clients resume by themselves.
"""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from functools import partial
from pathlib import Path
from ssl import SSLContext
from typing import NamedTuple

import msgspec
from rich.console import Console
from rich.live import Live

from engine.settings import Settings
from engine.values import CASH
from gateway.clock import stopwatch_s, wall_s
from gateway.commands.demo_figures import line, summary, systems
from gateway.commands.ports import port
from gateway.commands.supervising import NoServerError, Supervisor
from gateway.commands.tls import add_certificate, certificate_of
from gateway.messages import Role
from gateway.running import told_to_stop
from gateway.storage.verification import verify
from gateway.tls import trusting
from gateway.tokens import LIFE_MAX_S, Tokens, console_link, load_secret
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
    add_certificate(parser)
    parser.add_argument(
        "--ca",
        type=Path,
        metavar="FILE",
        help="clients trust these authorities, as PEM, instead of this machine's",
    )
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
    tls = trusting(args.ca) if certificate_of(args) else None
    if args.ca and tls is None:
        raise ValueError("there is nobody to trust without --tls-cert and --tls-key: --ca")
    streams = RandomStreams(args.seed)
    if args.mdrp is not None:
        day = day_of(read_instance(args.mdrp))
    else:
        day = of_scenario(load(find(args.scenario)), streams)
    try:
        return asyncio.run(_demo(args, day, streams, tls))
    except NoServerError as error:
        sys.stderr.write(f"o2o demo: {error}\n")
        return 1


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


async def _demo(
    args: argparse.Namespace, day: Day, streams: RandomStreams, tls: SSLContext | None
) -> int:
    args.data.mkdir(parents=True, exist_ok=True)
    settings = args.data / "settings.json"
    settings.write_bytes(msgspec.json.encode(at_speed(day.scenario.engine, args.speed)))
    supervisor = Supervisor(args, settings, planning(args, day.scenario), out.print, tls)
    tokens = Tokens(load_secret(args.data))
    token, stopped = partial(mint, tokens), told_to_stop()
    ends = args.minutes is not None or not day.comes_again
    out.print(
        f"[bold]{day.scenario.name}[/] at {args.speed:g} times the speed of life, "
        f"planned by {args.solver or day.scenario.planner.policy} ..."
    )
    async with _sandbox(args, day) if args.sandbox else nullcontext(Paying()) as paying:
        try:
            await supervisor.start()
            code = tokens.mint_code("console", wall_s())
            at, s = f"127.0.0.1:{args.port}", "s" if tls else ""
            out.print(f"console  {console_link(f'http{s}://{at}', code)}", soft_wrap=True)
            url, began_s = f"ws{s}://{at}/ws", stopwatch_s()
            async with alive(url, token, day, streams, args.speed, *paying, tls) as city:
                drained = await _live(args, city, supervisor, stopped)
                asks = ends and not supervisor.watch.done()
                missing = await city.service.missing() if asks else []
                figures = summary(city, supervisor.restarts, missing, stopwatch_s() - began_s)
        finally:
            status = await supervisor.stop()
    if supervisor.watch.done() and not supervisor.watch.cancelled():
        supervisor.watch.result()  # raises why there is no server any more
    if not ends or stopped.is_set():
        out.print("stopped; start it again on the same data and it goes on")
        return status
    out.print(figures)
    is_whole = await _is_whole(args.data, day.scenario)
    return 0 if drained and not missing and is_whole and not status else 1


async def _is_whole(folder: Path, scenario: Scenario) -> bool:
    """And what the journal tells."""
    report = await asyncio.to_thread(verify, folder)
    for said in report.lines():
        out.print(f"journal: {said}")
    if scenario.commerce is not None and not report.exit_code:
        out.print(await asyncio.to_thread(systems, folder, scenario.engine.currency))
    return not report.exit_code


@asynccontextmanager
async def _sandbox(args: argparse.Namespace, day: Day) -> AsyncIterator[Paying]:
    """In this process, so that it survives the server."""
    from aiohttp import ClientSession  # here, as what follows, for it takes its time to load

    from gateway.providers.sandbox.hand import Hand
    from gateway.providers.sandbox.postman import Conduct
    from gateway.providers.sandbox.practising import practising

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


async def _live(
    args: argparse.Namespace, city: City, supervisor: Supervisor, stopped: asyncio.Event
) -> bool:
    """Customers, then the rest of their orders. True if all has ended."""
    day = asyncio.create_task(_day(args, city))
    told = asyncio.create_task(_tell(args, city, supervisor))
    stop = asyncio.create_task(stopped.wait())
    await asyncio.wait((day, told, stop, supervisor.watch), return_when=asyncio.FIRST_COMPLETED)
    for task in (day, told, stop):
        if not task.done():
            task.cancel()
    results = await asyncio.gather(day, told, stop, return_exceptions=True)
    if supervisor.watch.done():
        return False
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
            live.update(line(city, supervisor.restarts), refresh=True)
            await asyncio.sleep(LINE_S)


def mint(tokens: Tokens, role: Role, subject: str) -> str:
    """As long-lived as the role allows."""
    return tokens.mint(role, subject, LIFE_MAX_S[role], wall_s())
