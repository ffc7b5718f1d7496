"""Shopkeepers: opening hours, the till, counting shelves, and goods that are ordered in time."""

from engine.commands import (
    ApproveTransfer,
    CountStock,
    OrderPurchase,
    ReceivePurchase,
    ReceiveTransfer,
    RecordReceipt,
    RefundReceipt,
    SetReorderPoint,
    SetStoreHours,
    ShipTransfer,
)
from engine.events import (
    PurchaseDrafted,
    PurchaseOrdered,
    TransferApproved,
    TransferRequested,
    TransferShipped,
)
from engine.rules.opening import takes_orders
from engine.terms import Hours
from engine.values import (
    HOUR,
    MINUTE,
    Line,
    Millis,
    Minor,
    PricedLine,
    ProductId,
    ReceiptId,
    StoreId,
    SupplierId,
)
from simulation.commerce import conduct
from simulation.commerce.conduct import DAY_MIN, DAYS, HOUR_MIN
from simulation.commerce.parts import Shops
from simulation.days.city import StoreSite
from simulation.days.day import Day
from simulation.streams import Draws
from simulation.world import World

SUPPLIER = SupplierId("wholesaler")
TILL = "till-1"
PACKS_MS = conduct.PACKS_MIN * MINUTE


class Shopkeepers:
    """All stores of a day; each draws from a stream of its own."""

    def __init__(self, world: World, day: Day, shops: Shops) -> None:
        self._world, self._shops = world, shops
        self._ends_ms = day.scenario.ends_ms
        counts_at = Millis(day.scenario.starts_ms + round(shops.counts_at_h * HOUR))
        for site in day.sites:
            self._open(site, counts_at)
        world.subscribe(PurchaseDrafted, self._buy)
        world.subscribe(PurchaseOrdered, self._deliver)
        world.subscribe(TransferRequested, self._agree)
        world.subscribe(TransferApproved, self._pack)
        world.subscribe(TransferShipped, self._unpack)

    def _open(self, site: StoreSite, counts_at: Millis) -> None:
        world, shops = self._world, self._shops
        if conduct.keeps_hours(shops):
            opens, closes = round(shops.opens * HOUR_MIN), round(shops.closes * HOUR_MIN)
            weekly = [Hours(n * DAY_MIN + opens, n * DAY_MIN + closes) for n in range(DAYS)]
            world.submit(SetStoreHours(site.id, weekly))
        if shops.receipts_per_h:
            self._await_customer(site, world.streams.named("receipts", site.id), 1)
        if shops.counted:
            world.at(counts_at, self._count, site)
        if shops.reorder_target:
            for product in site.products:
                key, levels = ProductId(product.id), (shops.reorder_point, shops.reorder_target)
                world.submit(SetReorderPoint(site.id, key, *levels, 1, SUPPLIER))

    # the till

    def _await_customer(self, site: StoreSite, draws: Draws, number: int) -> None:
        gap_ms = conduct.next_receipt_ms(self._shops, draws)
        if self._world.now + gap_ms < self._ends_ms:
            self._world.later(gap_ms, self._sell, site, draws, number)

    def _sell(self, site: StoreSite, draws: Draws, number: int) -> None:
        """From the same shelf as every order, so it may be refused."""
        world, state = self._world, self._world.state
        wanted = conduct.receipt(site, self._shops, draws)
        offset_min = state.settings.current.utc_offset_min
        if takes_orders(state.stores[site.id], world.now, offset_min):
            key = ReceiptId(f"{site.id}-{number}")
            priced = [
                PricedLine(x, n, Minor(state.prices.current(site.id, x, world.now) or 0))
                for x, n in ((ProductId(x), n) for x, n in wanted.lines.items())
            ]
            sale = RecordReceipt(site.id, TILL, key, priced, wanted.tender)
            sold = world.submit(sale).rejection is None
            if sold and wanted.back_after_ms is not None:
                back = [Line(priced[0].product, 1)]
                refund = RefundReceipt(site.id, key, f"{key}-back", back, True)
                world.after(wanted.back_after_ms, refund)
        self._await_customer(site, draws, number + 1)

    # shelves

    def _count(self, site: StoreSite) -> None:
        """The first few shelves; some pieces are not there, whoever holds them."""
        world, shops = self._world, self._shops
        products = [ProductId(x.id) for x in site.products[: shops.counted]]
        levels = [world.state.inventory.get(site.id, x) for x in products]
        on_hand = [x.on_hand if x else 0 for x in levels]
        found = conduct.counted(world.streams, shops, site.id, on_hand)
        for product, there in zip(products, found, strict=True):
            world.submit(CountStock(site.id, product, there))

    # goods on their way

    def _is_over(self) -> bool:
        """After the last customer, nobody asks for more."""
        return self._world.now >= self._ends_ms

    def _arrives_ms(self, *name: str) -> int:
        return conduct.arrives_ms(self._world.streams, self._shops, *name)

    def _buy(self, e: PurchaseDrafted) -> None:
        if not self._is_over():
            self._world.after(PACKS_MS, OrderPurchase(e.purchase, e.store))

    def _deliver(self, e: PurchaseOrdered) -> None:
        purchase = self._world.state.purchases[e.purchase]
        came = ReceivePurchase(e.purchase, purchase.store, purchase.lines, True)
        self._world.after(self._arrives_ms("purchase", e.purchase), came)

    def _agree(self, e: TransferRequested) -> None:
        if e.is_draft and not self._is_over():
            approve = ApproveTransfer(e.transfer, e.destination)
            self._world.after(PACKS_MS, approve)

    def _pack(self, e: TransferApproved) -> None:
        source: StoreId = self._world.state.transfers[e.transfer].source
        self._world.after(PACKS_MS, ShipTransfer(e.transfer, source))

    def _unpack(self, e: TransferShipped) -> None:
        destination = self._world.state.transfers[e.transfer].destination
        came = ReceiveTransfer(e.transfer, destination)
        self._world.after(self._arrives_ms("transfer", e.transfer), came)
