"""`o2o serve`: the engine behind its gateway, with planner and console, until told to stop."""

import argparse
import asyncio
import logging
import signal
import sys
from contextlib import AsyncExitStack, nullcontext
from pathlib import Path

import msgspec

from engine.settings import Settings
from gateway import running
from gateway.app import App, Config, MakePlanner
from gateway.commands.compiling import said_if_slow
from gateway.commands.ports import origin, port
from gateway.commands.streets import read_streets
from gateway.commands.tls import add_certificate, certificate_of
from gateway.planner import Planner
from gateway.running import told_to_stop, until
from gateway.tls import Certificate
from solvers.crossing.bridge import USUAL, Objective
from solvers.problem import Budget

log = logging.getLogger("o2o.gateway")

THINK_MS = 40


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, default=Path("data"), help="where the journal is kept")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen at")
    parser.add_argument("--port", type=port, default=8080, help="of gateway and console; 0: any")
    add_certificate(parser)
    parser.add_argument(
        "--origin",
        type=origin,
        action="append",
        default=[],
        metavar="URL",
        help="pages from there may connect, too: where browsers see this server, if elsewhere",
    )
    parser.add_argument("--speed", type=float, default=1.0, help="engine seconds in one of yours")
    parser.add_argument("--settings", type=Path, help="engine settings as JSON, for a new journal")
    parser.add_argument(
        "--streets", type=Path, help="travel times by what `o2o streets` made, and its map"
    )
    parser.add_argument(
        "--solver", default="insertion", help="answers planning rounds: one of `o2o solvers`"
    )
    parser.add_argument(
        "--improver", default="improvement", help="goes on thinking between them; or none"
    )
    parser.add_argument(
        "--reposition",
        action="store_true",
        help="send couriers with nothing to do where orders are expected",
    )
    parser.add_argument(
        "--hold",
        action="store_true",
        help="let trips wait for orders likely to share the ride, while that pays",
    )
    parser.add_argument(
        "--moves-per-h",
        type=int,
        metavar="N",
        help="a budget: so many orders an hour may plans give to another courier; "
        "what is left of it is among the metrics, and a restart begins a new hour",
    )
    parser.add_argument("--objective", type=Path, help="weights and rules of plans, as JSON")
    parser.add_argument("--iterations", type=int, help="of the solver, instead of a deadline")
    parser.add_argument("--think-ms", type=int, default=THINK_MS, help="at a time, each of them")
    parser.add_argument(
        "--sandbox", action="store_true", help="with a payment provider to practise with"
    )
    parser.add_argument(
        "--positions-port", type=port, help="hear trackers that speak HTTP there: OsmAnd, OwnTracks"
    )
    parser.add_argument(
        "--webhook-network",
        action="append",
        default=[],
        metavar="CIDR",
        help="a private network that webhooks may call all the same, by http as well",
    )
    parser.add_argument("--quiet", action="store_true", help="say only what goes wrong")


def run(args: argparse.Namespace) -> int:
    """Until SIGINT or SIGTERM, then 0. Raises ValueError for what cannot be served."""
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    if args.moves_per_h is not None and args.moves_per_h < 0:
        raise ValueError("a budget cannot be less than nothing: --moves-per-h")
    if args.think_ms < 0:
        raise ValueError("a planner cannot think for less than no time: --think-ms")
    if args.iterations is not None and args.iterations < 0:
        raise ValueError(f"less than nothing: --iterations {args.iterations}")
    config = Config(
        data=args.data,
        host=args.host,
        port=args.port,
        speed=args.speed,
        settings=read_settings(args.settings) if args.settings else Settings(),
        streets=read_streets(args.streets) if args.streets else None,
        positions_port=args.positions_port,
        webhook_networks=tuple(args.webhook_network),
        origins=tuple(args.origin),
        tls=certificate_of(args),
    )
    running.search_seldom()
    return running.run(_serve(args, config))


def read_settings(path: Path) -> Settings:
    """Raises ValueError naming the key that is wrong."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Settings)
    except msgspec.ValidationError as error:
        raise ValueError(f"{path}: {error}") from error


async def _serve(args: argparse.Namespace, config: Config) -> int:
    stopped = told_to_stop()
    if config.tls is not None:  # before all that takes long: unheard, a hangup ends the process
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, read_again, config.tls)
    plan = _planning(args, read_objective(args.objective) if args.objective else USUAL)
    async with AsyncExitStack() as stack:
        if args.sandbox:
            from gateway.providers.sandbox.practising import practising  # here, for it loads HTTP

            await stack.enter_async_context(practising(config.data))
        app = await stack.enter_async_context(App(config, plan))
        if not args.quiet:
            sys.stdout.write(f"gateway  {app.url}\nconsole  {app.console_url}\n")
            sys.stdout.flush()
        await until(stopped, app.ended())
    return 0


def read_again(tls: Certificate) -> None:
    try:
        tls.read()
    except (OSError, ValueError) as error:
        log.error("the certificate stays as it was: %s", error)
    else:
        log.warning("the certificate was read again")


def read_objective(path: Path) -> Objective:
    """Raises ValueError naming the key that is wrong."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Objective)
    except msgspec.MsgspecError as error:
        raise ValueError(f"{path}: {error}") from error


def _planning(args: argparse.Namespace, objective: Objective) -> MakePlanner:
    """Kernels are compiled before the doors open: the first order does not wait for that."""
    from geo import sphere, tracks  # here, for all these load kernels
    from solvers.crossing import briefing
    from solvers.crossing.warming import warm, warm_explanations
    from solvers.portfolio import SOLVERS

    for unknown in {args.solver, args.improver} - {"none", *SOLVERS}:
        raise ValueError(f"no solver {unknown}; there are {', '.join(SOLVERS)}")
    in_time = Budget(seconds=args.think_ms / 1_000)
    budget = in_time if args.iterations is None else Budget(iterations=args.iterations)
    solver = SOLVERS[args.solver].solver
    improving = None if args.improver == "none" else (SOLVERS[args.improver].solver, in_time)
    with nullcontext() if args.quiet else said_if_slow():
        warm(solver)
        if improving is not None:
            warm(improving[0])
        warm_explanations()
        briefing.warm()
        sphere.warm()
        tracks.warm()
    return lambda loop: Planner(
        loop,
        solver,
        budget,
        improving,
        objective,
        repositions=args.reposition,
        holds=args.hold,
        moves_per_h=args.moves_per_h,
    )
