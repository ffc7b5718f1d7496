"""A city of real websocket clients, and a server that is killed under it."""

import argparse
import asyncio
import os
import signal
import socket

import msgspec
import pytest

from engine.settings import Settings
from gateway.auth import Tokens, load_secret
from gateway.demo import Supervisor, at_speed, mint
from gateway.verification import verify
from simulation.live.city import alive
from simulation.live.day import of_scenario
from simulation.scenario_file import find, load
from simulation.streams import RandomStreams

SPEED = 120.0
PATIENCE_S = 150


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


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


def test_however_fast_the_city_runs_machines_keep_time_to_answer():
    usual = Settings()
    assert at_speed(usual, 1.0) == usual
    fast = at_speed(usual, 600.0)
    assert fast.planning_timeout_ms == 1_200_000
    assert fast.promise_min_ms == usual.promise_min_ms


def test_an_unknown_scenario_is_named_with_those_there_are():
    with pytest.raises(FileNotFoundError, match="lunch_rush"):
        find("lunch_rsh")
