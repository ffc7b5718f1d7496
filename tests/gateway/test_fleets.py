"""Fleets: a partner sees his own couriers as they see themselves, and nothing of anybody else."""

import itertools

import pytest
from msgspec import msgpack

from engine import commands as c
from engine.projections import Projections
from engine.values import DAY, HOUR
from gateway import messages as m
from gateway.asking.fleets import get_delivery
from gateway.client import Client, RequestRefusedError
from gateway.clock import wall_ms
from gateway.codes import Refusal
from gateway.history.telling import Teller
from gateway.telling.feeds import FeedHub
from gateway.tokens import Identity, Tokens
from gateway.wire import CODECS, time_text
from tests import cases
from tests.cases import city
from tests.days.random_days import CUSTOMERS, RandomDay
from tests.serving import accepted, later, live, party, placed, serving, small_city, until

STEPS = 1_200
FLEET_OF = {"kim": "acme", "max": "acme", "lee": "zoom", "sun": ""}


class Follower:
    """What a dispatcher who listens to his feed believes, and every word he was told."""

    codec, backlog_bytes = CODECS[m.MSGPACK], 0

    def __init__(self):
        self.subscriptions = {}
        self.couriers, self.places, self.words = {}, {}, []

    def send(self, frame):
        self.send_bytes(self.codec.encode(frame))

    def send_bytes(self, data):
        frame = msgpack.decode(data)
        assert frame["feed"] == "fleet", frame
        self.words += list(words(frame))
        for x in frame["body"].get("couriers", ()):
            self.couriers[x["id"]] = x
            self.places[x["id"]] = x.get("lat"), x.get("lon")
        for key, lat, lon in frame["body"].get("positions", ()):
            self.places[key] = lat, lon

    @property
    def deliveries(self):
        return {
            x["delivery"] for of in self.couriers.values() for x in (*of["offers"], *of["stops"])
        }


def words(told):
    """Every text anywhere in it, keys of maps not included."""
    if isinstance(told, str):
        yield told
    elif isinstance(told, dict):
        yield from (x for value in told.values() for x in words(value))
    elif isinstance(told, list | tuple):
        yield from (x for value in told for x in words(value))


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 5, 6, 7, 8])
def test_a_fleet_is_told_all_of_its_own_and_not_a_word_of_anybody_else(seed):
    """At every moment of a random day, whatever goes from one fleet to another: what adds up from
    its feed is what its couriers have to do, and no text in it names another's."""
    day = RandomDay(seed)
    hub, s = FeedHub(day.engine), day.engine.state
    heard = {"acme": Follower(), "zoom": Follower()}
    ever = {fleet: set() for fleet in heard}
    for number, record in enumerate(day.records(STEPS)):
        hub._on_record(record)
        hub._on_durable([record])
        if number == 40:  # everybody is there: as if they had been signed up by their fleets
            for key, fleet in FLEET_OF.items():
                s.couriers.couriers[key].fleet = fleet
            s.couriers.__post_init__()
            for fleet, follower in heard.items():
                hub.subscribe(follower, "fleet", fleet, None)
        for fleet in heard:
            ever[fleet] |= {k for k, x in s.deliveries.open.items() if is_of(s, x, fleet)}
        if number > 40 and number % 7 == 0:
            hub.tick()
            for fleet, follower in heard.items():
                check(s, fleet, follower)
    assert all(ever.values())
    for fleet, follower in heard.items():
        never = s.deliveries.deliveries.keys() - ever[fleet]
        others = {x for x, of in FLEET_OF.items() if of != fleet}
        orders = {s.deliveries[x].order for x in never} - {
            s.deliveries[x].order for x in ever[fleet]
        }
        assert not set(follower.words) & (others | never | orders | {*CUSTOMERS, "app", "bank"})


def is_of(s, delivery, fleet):
    told = delivery.courier is not None and delivery.status != "created"
    return told and s.couriers[delivery.courier].fleet == fleet


def test_what_is_merely_planned_for_a_courier_is_not_there_yet():
    case = city(1, ())
    case.at(0, c.RegisterCourier("acme:kim", "scooter", 12, fleet="acme"))
    case = cases.planned(case.at(0, c.StartShift("acme:kim", DAY)), "o", "acme:kim")
    assert case.delivery().courier == "acme:kim"
    for role, subject in (("fleet", "acme"), ("operator", "ops")):
        with pytest.raises(Refusal, match="unknown"):
            get_delivery(m.GetDelivery("o/1"), Identity(role, subject, 0), case.engine)


def check(s, fleet, follower):
    own = {x for x, of in FLEET_OF.items() if of == fleet}
    assert (
        own <= set(follower.couriers) <= {x for x in s.couriers.ids if s.couriers[x].fleet == fleet}
    )
    assert follower.deliveries == {k for k, x in s.deliveries.open.items() if is_of(s, x, fleet)}
    for key in own:
        seen = s.positions.get(s.couriers[key].number)
        where = (seen.lat_deg, seen.lon_deg) if seen else (None, None)
        assert follower.places[key] == pytest.approx(where, abs=1e-5)


@pytest.mark.parametrize("seed", [0, 1, 5, 8])
def test_shifts_are_worked_as_the_tables_of_an_export_have_them(seed):
    """Two ways to the same figures: kept for a month, and made of the whole journal."""
    day, teller = RandomDay(seed), Teller()
    for record in day.records(STEPS):
        teller.fold(record)
    now, p = day.engine.now, teller.projections
    teller.finish(now)
    rows = {}
    for x in sorted(teller.rows["courier_shifts"], key=lambda x: x[2]):
        rows.setdefault(x[0], []).append(x)
    assert sum(x[8] for of in rows.values() for x in of) > 0
    assert rows.keys() == {x for x in day.engine.state.couriers.ids if p.shifts.shifts.get(x)}
    for courier, told in rows.items():
        known = list(p.shifts.since(courier, 0, now, p.utilization, p.emissions))
        assert [(x.vehicle, x.started_at, x.until) for x in known] == [x[1:4] for x in told]
        for x, row in zip(known, told, strict=True):
            work = [getattr(x.done.work, name) for name in x.done.work.__struct_fields__]
            assert [x.ended_at if x.ended_at > 0 else None, x.broken_down, *work] == list(row[4:12])
            assert x.done.ridden_mm / 1_000 == row[13]
            assert 0 <= x.done.on_time <= x.done.work.delivered


@pytest.mark.parametrize("seed", range(3))
def test_the_sum_of_shifts_is_that_of_each_whenever_it_is_asked_for(seed):
    """Two steps a courier instead of all his shifts: the same to the unit, also while he works."""
    day, p = RandomDay(seed), Projections()
    starts = [0]
    for n, record in enumerate(day.records(1_500)):
        p.fold(record)
        if n % 100:
            continue
        now, couriers = day.engine.now, day.engine.state.couriers.ids
        starts = [0, *sorted({x.started_at for of in p.shifts.shifts.values() for x in of})]
        for from_at, to_at in itertools.product(starts, [*starts, now + 1]):
            each = {
                courier: [
                    x
                    for x in p.shifts.since(courier, from_at, now, p.utilization, p.emissions)
                    if x.started_at < to_at
                ]
                for courier in couriers
            }
            shifts = [x for of in each.values() for x in of]
            count, sums = p.shifts.worked(couriers, from_at, to_at, now, p.utilization, p.emissions)
            assert count == sum(map(bool, each.values()))
            assert sums == (
                len(shifts),
                sum(x.done.work.on_duty_ms for x in shifts),
                sum(x.done.work.busy_ms for x in shifts),
                sum(x.done.work.delivered for x in shifts),
                sum(x.done.on_time for x in shifts),
                sum(x.done.ridden_mm for x in shifts),
                sum(x.co2e_ug for x in shifts),
                sum(x.done.work.earned_minor for x in shifts),
            )
    assert len(starts) > 2


async def signed_up(app, fleet, name):
    """A fleet's dispatcher, and one courier of his on shift."""
    dispatcher, courier = party(app, "fleet", fleet), f"{fleet}:{name}"
    dispatcher.start()
    await dispatcher.ready()
    await dispatcher.request(m.RegisterCourier(courier, "scooter", 12))
    told = await dispatcher.request(m.AdmitCourier(courier))
    assert told.courier == courier
    rider = Client(app.url, lambda: told.token)
    rider.start()
    await rider.ready()
    await rider.request(m.StartShift(later()))
    return dispatcher, rider


@live
async def test_a_partner_brings_couriers_and_sees_them_work(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        acme, kim = await signed_up(app, "acme", "kim")
        zoom, lee = await signed_up(app, "zoom", "lee")
        views = acme.subscribe("fleet"), zoom.subscribe("fleet")
        for view, key in zip(views, ("acme:kim", "zoom:lee"), strict=True):
            whole = (await until(view, bool)).body
            assert [x.id for x in whole.couriers] == [key]
            assert whole.couriers[0].status == "idle"
        told = await placed(city, "o")
        await city.bank.request(m.ReportAuthorization(told.payment, True, told.total, "ref"))
        await city.store.request(m.AcceptOrder("o", told.placed_at))
        await city.operator.request(m.AssignDelivery("acme:kim", "o/1", "by hand"))
        offered = await until(views[0], lambda x: x.body.couriers and x.body.couriers[0].offers)
        assert [x.delivery for x in offered.body.couriers[0].offers] == ["o/1"]
        assert (await acme.request(m.GetDelivery("o/1"))).courier == "acme:kim"
        with pytest.raises(RequestRefusedError, match="unknown"):
            await zoom.request(m.GetDelivery("o/1"))
        # it moves to the other fleet, and is gone from the first one's view
        await kim.request(m.DeclineOffer("o/1", "flat tire"))
        await city.operator.request(m.AssignDelivery("zoom:lee", "o/1", "by hand"))
        gone = await until(views[0], lambda x: x.body.couriers and not x.body.couriers[0].offers)
        assert gone.body.couriers[0].stops == []
        with pytest.raises(RequestRefusedError, match="unknown"):
            await acme.request(m.GetDelivery("o/1"))
        await lee.request(m.AcceptOffer("o/1"))
        await lee.request(m.ReportPickup("o/1"))
        await lee.request(m.ReportDropoff("o/1"))
        brought = await zoom.request(m.GetDelivery("o/1"))
        assert (brought.status, brought.courier, brought.dropoff) == ("delivered", "zoom:lee", None)
        window = time_text(wall_ms() - HOUR), time_text(wall_ms() + HOUR)
        for fleet, number in ((acme, 0), (zoom, 1)):
            [work] = (await fleet.request(m.GetFleetWork(*window))).fleets
            assert (work.couriers, work.shifts, work.delivered, work.on_time) == (
                1,
                1,
                *[number] * 2,
            )
        everybody = (await city.operator.request(m.GetFleetWork(*window))).fleets
        assert {x.fleet: x.delivered for x in everybody} == {"": 0, "acme": 0, "zoom": 1}
        for client in (acme, kim, zoom, lee):
            await client.close()


@live
async def test_shifts_are_planned_by_the_dispatcher_and_known_to_the_courier(tmp_path):
    async with serving(tmp_path) as app, small_city(app):
        acme, kim = await signed_up(app, "acme", "kim")
        zoom, lee = await signed_up(app, "zoom", "lee")
        now = wall_ms()
        span = time_text(now - DAY), time_text(now + 2 * DAY)
        starts, ends = time_text(now + DAY), time_text(now + DAY + 4 * HOUR)
        await acme.request(m.PlanShift("acme:kim", "sat", starts, ends))
        mine = m.PlannedShift("acme:kim", "sat", starts, ends)
        for party_, planned in ((acme, [mine]), (kim, [mine]), (zoom, []), (lee, [])):
            shifts = await party_.request(m.ListShifts(*span))
            assert shifts.planned == planned
            assert len(shifts.worked) == 1
        await acme.request(m.DropShift("acme:kim", "sat"))
        assert (await kim.request(m.ListShifts(*span))).planned == []
        for client in (acme, kim, zoom, lee):
            await client.close()


@live
async def test_who_comes_back_sees_the_whole_again_and_a_dispatcher_sends_somebody_home(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        acme, kim = await signed_up(app, "acme", "kim")
        view = acme.subscribe("fleet")
        await until(view, bool)
        await accepted(city, "o")  # by the house's Kim
        acme._ws.transport.abort()
        again = await until(view, lambda x: x.kind == "snapshot")
        assert [x.id for x in again.body.couriers] == ["acme:kim"]
        await acme.request(m.TakeOffShift("acme:kim", "ill"))
        off = await until(view, lambda x: x.body.couriers)
        assert off.body.couriers[0].status == "off_shift"
        window = time_text(wall_ms() - HOUR), time_text(wall_ms() + HOUR)
        [shift] = (await acme.request(m.ListShifts(*window))).worked
        assert shift.ended_at is not None
        for client in (acme, kim):
            await client.close()


def test_no_token_is_nobody_s():
    """A fleet without a name would be the house."""
    with pytest.raises(ValueError, match="somebody's"):
        Tokens(b"x" * 40).mint("fleet", "", 60, 0)
