"""A live store's keeper: hours, prices, counted shelves, and goods that come in time."""

from functools import partial
from typing import get_args

from engine.values import HOUR, MINUTE, Millis
from gateway import messages as m
from gateway.client import Update
from simulation.commerce import conduct
from simulation.commerce.conduct import DAY_MIN, HOUR_MIN
from simulation.commerce.parts import PriceChange
from simulation.commerce.trading import is_sold
from simulation.days.city import StoreSite
from simulation.live.city_time import text
from simulation.live.party import Party
from simulation.live.till import Till

SUPPLIER = "wholesaler"
DAYS = list(get_args(m.Day))
LEAD_H, SHELVES = 1, 200
PACKS_MS = conduct.PACKS_MIN * MINUTE


class Shopkeeping:
    """Of one store, over its connection. A snapshot may tell of something again, hence `_begun`."""

    def __init__(self, store: Party, site: StoreSite) -> None:
        self._store, self._site, self._world = store, site, store.world
        commerce = store.world.scenario.commerce
        assert commerce is not None
        self._commerce, self._shops = commerce, commerce.shops
        self.prices: dict[str, m.Money] = {}
        self._begun: dict[tuple[str, str], None] = {}
        if self._shops.reorder_target:
            store.client.subscribe("stock", self._hear)

    def price(self, minor: int) -> m.Money:
        return m.Money(minor, self._world.scenario.engine.currency)

    async def open(self) -> None:
        """Before the first customer: bundles, and from when on shelves are to be filled."""
        store, shops = self._store, self._shops
        self.prices = {x.id: self.price(x.price_minor) for x in self._site.products}
        for bundle in self._commerce.bundles:
            if is_sold(bundle, self._site):
                await store.ask(m.SetPrice(bundle.id, self.price(bundle.price_minor)))
        if shops.reorder_target:
            levels = shops.reorder_point, shops.reorder_target
            for product in self._site.products:
                await store.ask(m.SetReorderPoint(product.id, *levels, LEAD_H, SUPPLIER))

    def foresee(self) -> None:
        """Every day the same, at its time."""
        store, shops = self._store, self._shops
        if conduct.keeps_hours(shops):
            store.spawn(store.daily(0, self._keep_hours))
        if shops.counted:
            store.spawn(store.daily(round(shops.counts_at_h * HOUR), self._count))
        for change in self._commerce.price_changes:
            store.spawn(store.daily(0, partial(self._announce, change)))
            at_ms = round(change.at_h * HOUR)
            store.spawn(store.daily(at_ms, partial(self._mark, change)))
        if shops.receipts_per_h:
            store.spawn(Till(store, self._site, shops, self.prices).sell_forever())

    def _began(self, number: int) -> Millis:
        world = self._world
        return Millis(world.time.day_began + number * world.day.length_ms)

    async def _keep_hours(self, number: int) -> None:
        """The scenario's clock is not the server's: what is local time there, as it is here."""
        scenario, shops = self._world.scenario, self._shops
        offset_min = scenario.engine.utc_offset_min
        began_min, there_min = (
            (at // MINUTE + offset_min) % DAY_MIN
            for at in (self._began(number), scenario.starts_ms)
        )
        opens, closes = (
            (began_min - there_min + round(h * HOUR_MIN)) % DAY_MIN
            for h in (shops.opens, shops.closes)
        )
        await self._store.ask(m.SetStoreHours([m.Hours(DAYS, _clock(opens), _clock(closes))]))

    # prices

    async def _announce(self, change: PriceChange, number: int) -> None:
        """What held yesterday is over; what will hold today is known from the morning on."""
        at = text(Millis(self._began(number) + round(change.at_h * HOUR)))
        for product in self._site.products:
            if (minor := conduct.changed_minor(product, change)) is not None:
                usual = self.price(product.price_minor)
                # Of an earlier run on the same data; mostly there is none.
                await self._store.client.ask(m.WithdrawPrices(product.id))
                if self.prices[product.id] != usual:
                    self.prices[product.id] = usual
                    await self._store.ask(m.SetPrice(product.id, usual))
                await self._store.ask(m.SetPrice(product.id, self.price(minor), at))

    async def _mark(self, change: PriceChange, _: int) -> None:
        """The till takes the new price, too."""
        for product in self._site.products:
            if (minor := conduct.changed_minor(product, change)) is not None:
                self.prices[product.id] = self.price(minor)

    # shelves

    async def _count(self, _: int) -> None:
        """The first few; some pieces are not there, whoever holds them."""
        store, shops = self._store, self._shops
        reply = await store.ask(m.ListStock(limit=SHELVES))
        shelf = reply.body.products if reply and isinstance(reply.body, m.Stock) else []
        on_hand = {x.product: x.on_hand for x in shelf}
        products = [x.id for x in self._site.products[: shops.counted]]
        levels = [on_hand.get(x, 0) for x in products]
        found = conduct.counted(self._world.streams, shops, self._site.id, levels)
        for product, there in zip(products, found, strict=True):
            await store.ask(m.CountStock(product, there))

    # goods on their way

    def _hear(self, update: Update) -> None:
        match update.body:
            case m.StockFollowed():
                self._store.spawn(self._look_up())
            case m.Transfer():
                self._take_up(update.body.transfer, update.body)
            case m.SupplierPurchase():
                self._take_up(update.body.purchase, update.body)

    async def _look_up(self) -> None:
        """What is under way already."""
        reply = await self._store.ask(m.ListSupply())
        if reply is not None and isinstance(reply.body, m.Supply):
            for transfer in reply.body.transfers:
                self._take_up(transfer.transfer, transfer)
            for purchase in reply.body.purchases:
                self._take_up(purchase.purchase, purchase)

    def _take_up(self, key: str, told: m.Transfer | m.SupplierPurchase) -> None:
        step = key, told.status
        if step not in self._begun:
            self._begun[step] = None
            if isinstance(told, m.Transfer):
                self._store.spawn(self._move(told))
            else:
                self._store.spawn(self._buy(told))

    async def _move(self, x: m.Transfer) -> None:
        """Each side does its part."""
        store, me = self._store, self._store.subject
        match x.status:
            case "draft" if x.destination == me:
                await store.sleep(PACKS_MS)
                await store.ask(m.ApproveTransfer(x.transfer))
            case "requested" if x.source == me:
                await store.sleep(PACKS_MS)
                await store.ask(m.ShipTransfer(x.transfer))
            case "shipped" if x.destination == me:
                await store.sleep(self._arrives_ms("transfer", x.transfer))
                await store.ask(m.ReceiveTransfer(x.transfer))

    async def _buy(self, x: m.SupplierPurchase) -> None:
        store = self._store
        if x.status == "draft":
            await store.sleep(PACKS_MS)
            await store.ask(m.OrderPurchase(x.purchase))
        elif x.status == "ordered":
            await store.sleep(self._arrives_ms("purchase", x.purchase))
            lines = [m.Line(y.product, y.ordered) for y in x.lines]
            await store.ask(m.ReceivePurchase(x.purchase, lines, is_last=True))

    def _arrives_ms(self, *name: str) -> int:
        return conduct.arrives_ms(self._world.streams, self._shops, *name)


def _clock(minute: int) -> str:
    return f"{minute // HOUR_MIN:02d}:{minute % HOUR_MIN:02d}"
