"""A simulated city that pays through real protocols: every order ends, and every bill agrees."""

import asyncio
from datetime import UTC, date, datetime

import aiohttp

from engine.values import PaymentMethod
from gateway.clock import wall_ms
from gateway.commands.demo import at_speed
from gateway.providers.days import BEIJING
from gateway.providers.sandbox.hand import Hand
from gateway.providers.sandbox.postman import Conduct
from gateway.providers.sandbox.practising import practising
from simulation.days.day import of_scenario
from simulation.live.city import alive
from simulation.scenarios.scenario_file import parse
from simulation.streams import RandomStreams
from tests.serving import live, serving
from tests.simulated_city import SMALL

SPEED = 120.0
ROUGH = Conduct(pays_after_s=0.05, fails_first=0.2, drops=0.1, duplicates=0.2, delays_s=0.1)


def today(provider: str) -> date:
    zone = UTC if provider == "stripe" else BEIJING
    return datetime.fromtimestamp(wall_ms() / 1_000, zone).date()


@live
async def test_a_city_pays_through_the_sandbox_and_every_bill_agrees(tmp_path):
    streams = RandomStreams(1)
    day = of_scenario(parse(SMALL), streams)
    currency = day.scenario.engine.currency
    providers = ("wechat", "alipay", "stripe") if currency == "CNY" else ("stripe",)
    async with practising(tmp_path) as sandbox:
        sandbox.conduct = ROUGH
        settings = at_speed(day.scenario.engine, SPEED)
        async with (
            serving(tmp_path, speed=SPEED, settings=settings) as app,
            aiohttp.ClientSession() as session,
            alive(
                app.url,
                app.mint,
                day,
                streams,
                SPEED,
                (*providers, "cash"),
                Hand(session, sandbox.url).use,
            ) as city,
        ):
            await city.run(minutes=6)
            paid = app.engine.state.payments.payments
            async with asyncio.timeout(60):
                while app.payments.errands.under_way:
                    await asyncio.sleep(0.05)
            assert sum(city.service.paid_with.values()) == len(city.service.acknowledged) > 0
            assert any(x.status != "failed" for x in paid.values())
            if currency == "CNY":
                assert any(
                    x.method is not PaymentMethod.DEFAULT for x in paid.values() if x.reference
                )
            assert not [x for x in city.refusals if x.startswith("StartPayment")], city.refusals
            office = app.payments
            for provider in providers:
                data = sandbox.bill(provider, today(provider))
                found = office.bookkeeper
                told = await found.reconcile(
                    office.providers[provider], today(provider), data, early=True
                )
                assert told.differences == 0, found.differences(told)
