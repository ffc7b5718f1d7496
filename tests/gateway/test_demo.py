"""A city of real websocket clients, and a server that is killed under it."""

import argparse
import asyncio
import os
import signal
import socket
from collections import Counter

import msgspec
import pytest

from engine import events as e
from engine.settings import Settings
from gateway import messages as m
from gateway.cli import main
from gateway.commands.demo import at_speed, mint
from gateway.commands.supervising import Supervisor
from gateway.providers.sandbox.practising import free_port
from gateway.storage.journal import JOURNAL_FILE, SqliteJournal
from gateway.storage.verification import verify
from gateway.tokens import Tokens, load_secret
from simulation.days.day import of_scenario
from simulation.live.city import alive
from simulation.scenarios.scenario_file import find, load, parse
from simulation.streams import RandomStreams
from tests.serving import live, serving
from tests.simulated_city import SMALL

SPEED = 120.0
PATIENCE_S = 150


async def until(condition):
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.02)


@pytest.mark.slow
def test_clients_resume_and_nothing_is_lost_when_the_server_is_killed(tmp_path):
    """kill -9 twice while a city orders, cooks, pays and rides; then everything must add up."""
    streams = RandomStreams(1)
    day = of_scenario(load(find("lunch_rush")), streams)
    settings = tmp_path / "settings.json"
    settings.write_bytes(msgspec.json.encode(at_speed(day.scenario.engine, SPEED)))
    tokens = Tokens(load_secret(tmp_path))
    port = free_port()
    supervisor = Supervisor(argparse.Namespace(data=tmp_path, port=port, speed=SPEED), settings)

    async def evening():
        await supervisor.start()
        try:
            url = f"ws://127.0.0.1:{port}/ws"
            token = lambda role, subject: mint(tokens, role, subject)  # noqa: E731
            async with alive(url, token, day, streams, SPEED) as city:
                running = asyncio.create_task(city.run(minutes=10))
                for orders in (2, 8):
                    await until(lambda n=orders: len(city.service.acknowledged) >= n)
                    os.kill(supervisor.pid, signal.SIGKILL)
                await running
                assert await city.drain(at_most_min=240)
                assert await city.service.missing() == []
                assert len(city.service.acknowledged) >= 8
                assert city.service.on_time + city.service.late >= 8
                assert city.reconnects >= len(city.parties)
        finally:
            assert await supervisor.stop() == 0

    asyncio.run(evening())
    assert supervisor.restarts == 2
    assert verify(tmp_path).exit_code == 0


def test_a_port_where_somebody_serves_already_is_said(tmp_path, capsys):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        assert main(["demo", "--data", str(tmp_path), "--port", str(taken)]) == 1
    assert f"somebody serves at port {taken} already" in capsys.readouterr().err


EPISODES = """
[[episodes]]
kind = "rain"
name = "Shower"
from_h = 0.05
to_h = 0.15
speed = 0.6
known = true

[[episodes]]
kind = "store_outage"
name = "Fuse"
from_h = 0.06
to_h = 0.12
stores = "Kitchen"

[[episodes]]
kind = "strike"
name = "Walk-out"
from_h = 0.08
to_h = 0.14
share = 0.5

[[episodes]]
kind = "flash_sale"
name = "Sale"
from_h = 0.02
to_h = 0.1
stores = "Counter"
orders = 6
price = 0.5
"""


@pytest.mark.slow
def test_what_happens_in_a_scenario_happens_to_live_clients_too(tmp_path, capfd):
    tired = "to_h = 1.5\nbreak_every_h = 0.12\nbreak_min = 3\ngps_noise_m = 25"
    path = tmp_path / "eventful.toml"
    path.write_text(SMALL.replace("to_h = 1.5", tired) + EPISODES)
    data, port = tmp_path / "data", free_port()
    words = ["demo", "--scenario", str(path), "--data", str(data), "--port", str(port)]
    assert main([*words, "--speed", "200", "--minutes", "12", "--headless"]) == 0
    said = "".join(capfd.readouterr())
    assert "/#code=o2ocode1." in said
    assert "o2o1." not in said  # no token, whoever keeps what is printed
    journal = SqliteJournal(data / JOURNAL_FILE)
    records = list(journal.read(1))
    journal.close()
    events = [x for record in records for x in record.events]
    speeds = [x.settings.travel.scooter_mm_s for x in events if isinstance(x, e.SettingsChanged)]
    assert speeds[:2] == [3_360, 5_600]
    closed, opened = (
        {x.store for x in events if isinstance(x, kind)} for kind in (e.StoreClosed, e.StoreOpened)
    )
    assert closed == opened == {f"kitchen-{n}" for n in range(1, 5)}
    assert len({x.courier for x in events if isinstance(x, e.BreakPlanned)}) >= 3
    prices = {x.price_minor for x in events if isinstance(x, e.PriceSet) and x.store == "counter-2"}
    assert prices == {1_500, 750}
    started = Counter(x.courier for x in events if isinstance(x, e.ShiftStarted))
    assert 0 < sum(n > 1 for n in started.values()) < 8, "some came back from a strike"


def test_however_fast_the_city_runs_machines_keep_time_to_answer():
    usual = Settings()
    assert at_speed(usual, 1.0) == usual
    fast = at_speed(usual, 600.0)
    assert fast.planning_timeout_ms == 1_200_000
    assert fast.promise_min_ms == usual.promise_min_ms


def test_an_unknown_scenario_is_named_with_those_there_are():
    with pytest.raises(FileNotFoundError, match="lunch_rush"):
        find("lunch_rsh")


@live
async def test_a_city_may_be_left_in_the_middle_of_everything(tmp_path):
    """Ctrl-C finds somebody waiting for an answer, always: that is no failure."""
    streams = RandomStreams(1)
    day = of_scenario(parse(SMALL), streams)
    async with (
        serving(tmp_path, speed=SPEED) as app,
        alive(app.url, app.mint, day, streams, SPEED) as city,
    ):
        city.service.spawn(city.service.client.ask(m.ListStores(), "last", None))
