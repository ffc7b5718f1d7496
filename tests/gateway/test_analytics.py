"""How it went, told live: the city to operators, a store to itself, and the same after a restart."""

import msgspec
import pytest

from engine.projections import dump
from gateway import messages as m
from gateway.client import Client, RequestRefusedError
from gateway.storage.journal import JOURNAL_FILE, JournalReader
from gateway.storage.snapshots import Snapshots
from gateway.telling.logs import SavedFeeds
from tests.engine.test_projections import folded
from tests.serving import DOOR, accepted, delivered, live, party, placed, serving, small_city

FAR = m.Place(39.5, 116.5)


async def refused_quote(city):
    quote = m.RequestQuote("far", "ann", "s1", [m.Line("ramen", 1)], FAR)
    with pytest.raises(RequestRefusedError):
        await city.shop.request(quote)


@live
async def test_operators_are_told_how_the_city_does(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        for number in range(3):
            await delivered(city, f"o{number}")
        await accepted(city, "open")
        told = await placed(city, "cancelled", 2)
        await city.shop.request(m.CancelOrder("cancelled", "changed_mind"))
        await refused_quote(city)
        figures = await city.operator.request(m.GetAnalytics())
        ledger = app.engine.state.ledger.balances
    sales = figures.sales
    assert (sales.placed, sales.fulfilled, sales.cancelled) == (5, 3, 1)
    assert sales.charged.amount == ledger["provider:bank"]
    assert sales.goods.amount == -ledger["store:s1"] == 3 * 1200
    assert sales.average.amount * 3 == sales.charged.amount
    assert told.total.amount > sales.average.amount
    assert figures.books["platform:courier_cost"] == figures.fleet.earned.amount > 0
    assert figures.early_ends == {"customer/changed_mind": 1}
    funnel = figures.funnel
    assert (funnel.asked, funnel.offered, funnel.placed, funnel.paid) == (6, 5, 5, 4)
    assert funnel.refusals == {"RequestQuote/out_of_area": 1}
    assert [(x.name, x.units) for x in figures.categories] == [("food", 3)]
    assert [(x.name, x.units) for x in figures.products] == [("Ramen", 3)]
    assert [x.name for x in figures.stores] == ["Noodles"]
    assert figures.promises.delivered == figures.promises.on_time == 3
    clock = {x.name: x for x in figures.clock}
    assert clock["click_to_door"].count == 3
    assert clock["drop_off_lateness"].mean_s < 0
    assert figures.fleet.bundles == figures.fleet.fetched == 3
    assert figures.churn.offers == figures.churn.accepted == 4
    assert sum(x.sales.placed for x in figures.hours) == 5
    assert sum(x.asked for x in figures.hours) == funnel.asked
    assert sum(x.refused for x in figures.hours) == 1
    assert abs(sum(x.on_duty_s for x in figures.hours) - figures.fleet.on_duty_s) <= len(
        figures.hours
    )


@live
async def test_a_store_hears_of_itself_and_of_nobody_else(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        await delivered(city, "o1")
        mine = await city.store.request(m.GetStoreAnalytics())
        async with party(app, "store", "s2") as other:
            theirs = await other.request(m.GetStoreAnalytics(hours=1))
            with pytest.raises(RequestRefusedError, match="forbidden"):
                await other.request(m.GetAnalytics())
    assert (mine.sales.fulfilled, mine.promises.delivered) == (1, 1)
    assert (theirs.sales.placed, theirs.promises.delivered) == (0, 0)
    assert sum(x.sales.fulfilled for x in mine.hours) == 1
    assert sum(x.sales.placed + x.asked for x in theirs.hours) == 0


@live
async def test_what_customers_are_told_is_published_with_how_often_it_was_so(tmp_path):
    """A median beside the promise; and of both, hour by hour and store by store, what came true."""
    async with serving(tmp_path) as app, small_city(app) as city:
        asked = m.RequestQuote("q", "ann", "s1", [m.Line("ramen", 1)], DOOR)
        quote = await city.shop.request(asked)
        assert 0 < quote.expected_within_s < quote.promised_within_s
        await delivered(city, "o1")
        await delivered(city, "o2")
        ordered = await placed(city, "o3")
        link = await city.shop.request(m.CreateTrackingLink("o3"))
        async with Client(app.url, lambda: link.token) as customer:
            tracked = await customer.request(m.Track())
        assert tracked.expected_at == ordered.expected_at < ordered.promised_at
        told = await city.operator.request(m.GetCoverage())
        mine = await city.store.request(m.GetCoverage())
        async with party(app, "store", "s2") as other:
            theirs = await other.request(m.GetCoverage())
        figures = await city.operator.request(m.GetAnalytics())
        rest = await city.operator.request(m.GetCoverage(after="s1"))
    assert told.wanted_permille == 900
    assert told.hours == mine.hours
    assert {x.store for x in told.hours} == {"s1"}
    assert (told.next, theirs.hours, rest.hours) == (None, [], [])
    for name in ("delivered", "on_time", "expected", "by_expected"):
        assert sum(getattr(x.promises, name) for x in told.hours) == 2
        assert getattr(figures.promises, name) == 2


@live
async def test_a_heat_map_has_the_cells_where_deliveries_were_asked_for(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        await placed(city, "o1")
        await refused_quote(city)
        heat = await city.operator.request(m.GetHeatMap())
    assert [(x.offered, x.refused, x.placed) for x in heat.cells] == [(1, 0, 1), (0, 1, 0)]
    corners = heat.cells[0].outline
    assert len(corners) == 6
    assert all(abs(lat - DOOR.lat) + abs(lon - DOOR.lon) < 0.03 for lat, lon in corners)


@live
async def test_figures_survive_a_restart_and_what_an_older_gateway_kept(tmp_path):
    """From what was kept; and from the journal, where an older gateway kept less."""
    async with serving(tmp_path) as app, small_city(app) as city:
        await delivered(city, "o1")
        before = await city.operator.request(m.GetAnalytics())
    async with serving(tmp_path) as app, party(app, "operator", "ops") as ops:
        assert app.recovered_records == 0  # all of it from the snapshot
        resumed = await ops.request(m.GetAnalytics())
        last = app.hub.projections.seq
    with JournalReader(tmp_path / JOURNAL_FILE) as journal:
        expected = dump(folded(journal.read(to_seq=last)))
    snapshots = Snapshots(tmp_path)
    for kept in [*snapshots.intact()]:
        feeds = msgspec.msgpack.decode(kept.feeds, type=SavedFeeds)
        older = msgspec.structs.replace(feeds, projections=[1, 1, 0])
        snapshots.save(kept._replace(feeds=msgspec.msgpack.encode(older)))
    async with serving(tmp_path) as app, party(app, "operator", "ops") as ops:
        rebuilt = await ops.request(m.GetAnalytics())
        assert app.hub.projections.seq == app.engine.seq
        assert dump(app.hub.projections) == expected
    for later in (resumed, rebuilt):
        assert later.sales == before.sales
        assert later.clock == before.clock
        assert later.funnel == before.funnel
