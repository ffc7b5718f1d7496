"""A simulated courier's phone: where it rides when there is nothing to do."""

import asyncio
from contextlib import asynccontextmanager

from engine.values import HOUR, MINUTE, Millis
from gateway import messages as m
from gateway.client import Update
from geo.points import Point, distance_m
from simulation.days.day import of_scenario
from simulation.live.city_time import CityTime
from simulation.live.courier_app import CourierApp
from simulation.live.party import World
from simulation.live.street import Street
from simulation.streams import RandomStreams
from tests.simulated_city import small

NORTH, SOUTH = Point.of_degrees(31.24, 121.4737), Point.of_degrees(31.22, 121.4737)


class SetTime(CityTime):
    """Goes when it is told to."""

    at = Millis(0)

    def now(self) -> Millis:
        return self.at


@asynccontextmanager
async def courier():
    """Never connected: what the server would say is said by the test."""
    streams, scenario = RandomStreams(1), small()
    day, time = of_scenario(scenario, streams), SetTime(1.0)
    async with asyncio.TaskGroup() as group:
        street = Street(streams, [])
        world = World("ws://nowhere", lambda *_: "", day, streams, time, street, group)
        yield CourierApp(world, day.couriers[0]), time
        world.stop()


def near(name: str, at: Point) -> m.WaitNear:
    return m.WaitNear(name, name, m.Place(at.lat_deg, at.lon_deg))


def stop(at: Point) -> m.RouteStop:
    return m.RouteStop("dropoff", "o/1", "o", m.Place(at.lat_deg, at.lon_deg))


def hear(app: CourierApp, wait_near: m.WaitNear | None, *stops: m.RouteStop) -> None:
    route = m.Route(True, [], list(stops), bool(stops), wait_near)
    app._hear(Update("snapshot", 1, route))


def test_who_is_asked_to_wait_elsewhere_goes_there_and_stays():
    async def day():
        async with courier() as (app, time):
            hear(app, near("north", NORTH))
            time.at = Millis(HOUR)
            assert distance_m(app.place(), NORTH) < 2
            hear(app, near("north", NORTH))
            hear(app, None)
            time.at = Millis(2 * HOUR)
            assert distance_m(app.place(), NORTH) < 2
            hear(app, near("south", SOUTH))
            time.at = Millis(3 * HOUR)
            assert distance_m(app.place(), SOUTH) < 2

    asyncio.run(day())


def test_an_old_wish_does_not_call_back_who_has_been_elsewhere_since():
    async def day():
        async with courier() as (app, time):
            hear(app, near("north", NORTH))
            time.at = Millis(HOUR)
            hear(app, None, stop(SOUTH))
            await asyncio.sleep(0)  # sets off
            time.at = Millis(2 * HOUR)
            hear(app, None)
            hear(app, near("north", NORTH))
            time.at = Millis(3 * HOUR)
            assert distance_m(app.place(), SOUTH) < 2

    asyncio.run(day())


def test_who_has_a_stop_to_go_to_goes_there():
    async def day():
        async with courier() as (app, time):
            hear(app, near("north", NORTH), stop(SOUTH))
            await asyncio.sleep(0)
            time.at = Millis(time.at + 90 * MINUTE)
            assert distance_m(app.place(), SOUTH) < 2

    asyncio.run(day())
