"""The composition root of a serving process: builds journal, engine, loop, feeds and server.

Owns nothing else. The planner is given, so that this module knows no solver.
"""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from ssl import SSLContext
from typing import TYPE_CHECKING, Any, Protocol, Self

from msgspec import Struct, field

from engine.commands import OpenEngine, SetStreets
from engine.settings import Settings
from gateway import providers
from gateway.asking.paying import Cashier
from gateway.clock import resumed, stopwatch_s, wall_ms, wall_s
from gateway.connections.desk import Desk
from gateway.connections.http import BASEMAP, Site, console_files, file_of
from gateway.connections.limits import Buckets, Limits
from gateway.connections.roll import Roll
from gateway.connections.server import Server
from gateway.deeds import Deeds
from gateway.entering import DOOR, Doors
from gateway.forking.jobs import Forks
from gateway.hooks.office import HookOffice
from gateway.latency import OrderToPlan
from gateway.locating.devices import Devices
from gateway.locating.fixes import AHEAD_MAX_MS, INTERVAL_S, Fixes
from gateway.locating.trails import Trails
from gateway.locating.ways import Ways
from gateway.loop import EngineLoop
from gateway.messages import Role
from gateway.metrics import Counters, Metric, gauges, of_counters
from gateway.onlooking import Onlookers
from gateway.privacy.keeper import Keeper
from gateway.privacy.vault import Vault
from gateway.revocations import Revocations
from gateway.running import cancelled, files_at_once
from gateway.self_audit import SelfAudit
from gateway.storage.journal import JOURNAL_FILE, SqliteJournal
from gateway.storage.recovery import Recovery, collector_paused
from gateway.storage.snapshots import Snapshots
from gateway.storage.taking import SNAPSHOT_EVERY
from gateway.telling.feeds import FeedHub
from gateway.tls import Certificate
from gateway.tokens import LIFE_MAX_S, Identity, Tokens, console_link, load_secret
from geo.city_streets import CityStreets
from geo.tracks import FixLimits
from geo.travel import PERMILLE

if TYPE_CHECKING:
    from gateway.locating.port import PositionsPort
    from gateway.providers.office import PaymentOffice


class Planning(Protocol):
    """What is asked of a planner: it follows the loop by itself."""

    @property
    def objective(self) -> Any: ...  # what it plans by, for who explains its plans
    def resume(self) -> None: ...
    def metrics(self) -> list[Metric]: ...
    async def close(self) -> None: ...


MakePlanner = Callable[[EngineLoop], Planning]


class Config(Struct, frozen=True, kw_only=True):
    """`settings` hold for a new journal; an old one keeps those it was opened with."""

    data: Path
    host: str = "127.0.0.1"
    port: int = 8080
    speed: float = 1.0  # of the engine's time, in seconds per second
    settings: Settings = field(default_factory=Settings)
    streets: CityStreets | None = None  # set when the server starts; without, they stay
    limits: Limits = field(default_factory=Limits)
    origins: tuple[str, ...] = ()  # of pages, besides our own, that may connect
    snapshot_every: int = SNAPSHOT_EVERY
    fix_interval_s: float = INTERVAL_S
    positions_port: int | None = None  # for trackers that speak HTTP; 0: any
    webhook_networks: tuple[str, ...] = ()  # private ones that webhooks may call all the same
    tls: Certificate | None = None  # of all ports; without, they speak in the clear


class App:
    """`async with App(config, planner) as app:` — recovered, listening, planning.

    On the way out: clients are told to come back, what was taken is finished, a snapshot is kept.
    """

    def __init__(self, config: Config, planner: MakePlanner | None = None) -> None:
        self.config = config
        self.counters = Counters()
        self.order_to_plan = OrderToPlan()
        self.recovered_records = 0
        self.payments: PaymentOffice | None = None  # if any provider is configured
        self.positions: PositionsPort | None = None  # if it has a port
        self.planner: Planning | None = None  # if one was given
        self._make_planner = planner
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def ended(self) -> None:
        """Waits until something stops that should not. Raises why: the process must end."""
        done, _ = await asyncio.wait(self._lives, return_when=asyncio.FIRST_COMPLETED)
        for life in done:
            life.result()

    @property
    def url(self) -> str:
        """Of the websocket endpoint."""
        return self.server.url

    @property
    def console_url(self) -> str:
        """A link for a browser; it opens once, and soon."""
        code = self.tokens.mint_code("console", wall_s())
        return console_link(self.server.console_url, code)

    def mint(self, role: Role, subject: str, ttl_s: int | None = None) -> str:
        """A token that this process accepts."""
        return self.tokens.mint(role, subject, ttl_s or LIFE_MAX_S[role], wall_s())

    # internals

    @property
    def _tls(self) -> SSLContext | None:
        return self.config.tls.context if self.config.tls else None

    async def _start(self) -> None:
        config, stack = self.config, self._stack
        config.data.mkdir(parents=True, exist_ok=True)
        self._secret = load_secret(config.data)
        self.tokens = Tokens(self._secret)
        journal = SqliteJournal(config.data / JOURNAL_FILE)
        stack.callback(journal.close)
        self._recover(journal)
        snapshots = Snapshots(config.data)
        clock = resumed(self.engine.now, config.speed)
        self.loop = EngineLoop(
            self.engine, journal, clock, snapshots, self.hub.dump, config.snapshot_every
        )
        self.hub.attach(self.loop)
        self.loop.on_durable(self.order_to_plan)
        self._life = asyncio.create_task(self.loop.run())
        self._lives = [self._life]
        stack.push_async_callback(self._stop_loop)
        if not self.engine.state.settings.is_open:
            await self.loop.submit(OpenEngine(config.settings))
        streets = config.streets.space if config.streets else None
        if streets is not None and streets != self.engine.state.settings.current.travel.streets:
            await self.loop.submit(SetStreets(streets))
        if self._make_planner is not None:
            self.planner = self._make_planner(self.loop)
            stack.push_async_callback(self.planner.close)
            self.planner.resume()
        await self._open()

    def _recover(self, journal: SqliteJournal) -> None:
        """Engine and feeds come back together: the same record is folded into both."""
        with collector_paused():
            recovery = Recovery(journal)
            self.engine = recovery.engine
            self.hub = FeedHub(self.engine, recovery.feeds, self.figures)
            if self.hub.projections.seq < self.engine.seq:  # kept by other code, or not at all
                for record in journal.read(1, self.engine.seq):
                    self.hub.projections.fold(record)
            for record in recovery:
                self.hub.fold(record)
                self.recovered_records += 1

    async def _open(self) -> None:
        config = self.config
        limits = config.limits.within(files_at_once())
        forks = Forks(config.data, f"{wall_ms():x}", stopwatch_s)
        trails = Trails(config.data)
        self._stack.callback(trails.close)
        ways = Ways(config.streets)
        self._stack.callback(ways.close)
        ahead = FixLimits(future_ms=round(AHEAD_MAX_MS * config.speed))
        fixes = Fixes(self.loop, self.counters, trails, ahead)
        deeds = Deeds(config.data, self._secret, self.loop.clock.now, self.loop.settled)
        self._stack.callback(deeds.close)
        devices = self.hub.city.devices = Devices()
        self.hooks = HookOffice(config.data, self.hub, wall_ms, config.webhook_networks)
        await self._stack.enter_async_context(self.hooks)
        self.desk = Desk(
            loop=self.loop,
            feeds=self.hub,
            fixes=fixes,
            tokens=self.tokens,
            limits=limits,
            buckets=Buckets(limits.roles),
            revocations=Revocations(config.data),
            counters=self.counters,
            roll=Roll(limits.connections),
            wall_ms=wall_ms,
            monotonic_s=stopwatch_s,
            deeds=deeds,
            keeper=await self._keeper(deeds),
            cashier=Cashier(),
            hooks=self.hooks,
            trails=trails,
            ways=ways,
            devices=devices,
            forks=forks,
            objective=self.planner.objective if self.planner is not None else None,
        )
        await self._open_payments()
        await self._open_positions(devices)
        files = console_files()
        if config.streets is not None:
            files[BASEMAP] = file_of(config.streets.lines, BASEMAP, "gzip")
        allowed = self.tokens, self.desk.revocations, wall_s
        answers = {DOOR: Doors(*allowed).enter}
        bar = Onlookers(*allowed, bool(config.origins)).barred
        site = Site(self._health, self._metrics, files, answers, bar)
        where = (config.host, config.port, config.origins)
        self.server = Server(self.desk, site, *where, self._tls)
        self.audit = SelfAudit(self.engine.state, self.hub.shelf_level, self.hub.open_orders)
        beat_s = config.fix_interval_s
        lives = (self.hub.run(), fixes.run(beat_s), self.audit.run(), forks.run(), deeds.run())
        for forever in lives:
            life = asyncio.create_task(forever)
            self._lives.append(life)
            self._stack.push_async_callback(cancelled, life)
        self._stack.push_async_callback(deeds.ended)  # before what they need is closed
        await self._stack.enter_async_context(self.server)

    async def _open_payments(self) -> None:
        folder = self.config.data
        if not (folder / providers.FILE).exists():
            return
        # Here, for it loads an HTTP client and cryptography, which nobody else needs.
        from gateway.providers.configuration import load
        from gateway.providers.office import PaymentOffice

        desk, told = self.desk, load(folder)
        if self._tls is not None and told.webhooks.address.startswith("http:"):
            raise ValueError(
                f"{folder / providers.FILE}: notices are sent to {told.webhooks.address}, "
                "but with a certificate they are heard by https alone"
            )
        where = (folder, desk.tokens, desk.revocations)
        office = PaymentOffice(self.loop, told, *where, self._tls)
        self.payments = await self._stack.enter_async_context(office)
        desk.cashier.office = office

    async def _open_positions(self, devices: Devices) -> None:
        port, desk = self.config.positions_port, self.desk
        if port is None:
            return
        from gateway.locating.port import PositionsPort  # here, for it loads an HTTP server

        def who_is(token: str) -> Identity:
            who = desk.tokens.read(token, wall_s())
            desk.revocations.check(who)
            return who

        def wait_s(who: Identity) -> float:
            now_s = stopwatch_s()
            return desk.buckets.of(who.name, who.role, now_s).wait_s(now_s)

        host, counters, who = self.config.host, self.counters, (who_is, wait_s)
        listening = PositionsPort(desk.fixes, devices, *who, counters, host, port, self._tls)
        self.positions = await self._stack.enter_async_context(listening)

    async def _keeper(self, deeds: Deeds) -> Keeper:
        vault = Vault(self.config.data, self.loop.clock.now())
        keeper = Keeper(vault, self.loop, deeds.forget)
        self._stack.callback(keeper.close)
        await keeper.erase_forgotten()
        return keeper

    async def _stop_loop(self) -> None:
        self.loop.stop()
        await asyncio.gather(self._life, return_exceptions=True)

    # telling how it goes

    def figures(self) -> dict[str, float]:
        """For the console's key figures; milliseconds on the wall's clock."""
        found = {
            "loop_lag_p99_ms": round(self.loop.lag_ms.p99, 2),
            "sync_p99_ms": round(self.loop.sync_ms.p99, 2),
        }
        if self.order_to_plan.latency.count:
            found["p99_order_to_plan_ms"] = round(self.order_to_plan.latency.p99, 1)
        return found

    def _health(self) -> dict[str, Any]:
        return {
            "ok": not self._life.done() and not self.loop.is_full,
            "audit_problems": len(self.audit.problems),
            "storage_full": self.loop.is_full,
            "seq": self.loop.durable_seq,
            "connections": self.server.connections,
        }

    def _metrics(self) -> list[Metric]:
        s, loop, order_to_plan = self.engine.state, self.loop, self.order_to_plan.latency
        rides = s.settings.current.travel.index_permille / PERMILLE
        city = {
            "o2o_orders_open": ("orders not ended", s.orders.open_count),
            "o2o_travel_time_index": ("what rides take, of what is usual", rides),
            "o2o_order_to_plan_p99_ms": ("from a delivery to its first route", order_to_plan.p99),
            "o2o_subscriptions": ("open subscriptions", self.hub.subscriptions),
            "o2o_journal_seq": ("last durable record", loop.durable_seq),
            "o2o_inbox": ("commands not yet decided", loop.inbox_size),
            "o2o_storage_full": ("no room on the disk", int(loop.is_full)),
            "o2o_loop_lag_p99_ms": ("how late sleepers are woken", loop.lag_ms.p99),
            "o2o_sync_p99_ms": ("from decided to durable", loop.sync_ms.p99),
        }
        own = (self.server, self.audit, self.planner, self.payments, self.hooks)
        told = [x for owner in own if owner is not None for x in owner.metrics()]
        return [*of_counters(self.counters), *gauges(city), *told]
