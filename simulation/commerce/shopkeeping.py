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
    PricedLine,
    ProductId,
    ReceiptId,
    StoreId,
    SupplierId,
    Tender,
)
from simulation.city import StoreSite
from simulation.commerce.parts import Shops
from simulation.day import Day
from simulation.streams import Draws
from simulation.world import World

HOUR_MIN, DAY_MIN, DAYS = 60, 24 * 60, 7
SUPPLIER = SupplierId("wholesaler")
TILL = "till-1"
TENDERS = (Tender.CASH, Tender.CARD, Tender.WALLET)
PACKS_MIN = 15  # a transfer is put together


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
        if (shops.opens, shops.closes) != (0.0, 24.0):
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
        gap_ms = round(draws.exponential(HOUR / self._shops.receipts_per_h))
        if self._world.now + gap_ms < self._ends_ms:
            self._world.later(gap_ms, self._sell, site, draws, number)

    def _sell(self, site: StoreSite, draws: Draws, number: int) -> None:
        """From the same shelf as every order, so it may be refused."""
        world, state = self._world, self._world.state
        lines = dict[ProductId, int]()
        for _ in range(max(1, round(self._shops.receipt_lines.draw(draws)))):
            product = ProductId(site.products[draws.pick(site.popularity)].id)
            lines[product] = lines.get(product, 0) + 1
        tender, comes_back = TENDERS[draws.below(len(TENDERS))], draws.random()
        after_ms = round(draws.exponential(HOUR))
        offset_min = state.settings.current.utc_offset_min
        if takes_orders(state.stores[site.id], world.now, offset_min):
            key = ReceiptId(f"{site.id}-{number}")
            priced = [
                PricedLine(x, n, state.prices.current(site.id, x, world.now) or 0)  # type: ignore[arg-type]
                for x, n in lines.items()
            ]
            sale = RecordReceipt(site.id, TILL, key, priced, tender)
            sold = world.submit(sale).rejection is None
            if sold and comes_back < self._shops.brought_back:
                back = [Line(priced[0].product, 1)]
                world.after(after_ms, RefundReceipt(site.id, key, f"{key}-back", back, True))
        self._await_customer(site, draws, number + 1)

    # shelves

    def _count(self, site: StoreSite) -> None:
        """The first few shelves; some pieces are not there, whoever holds them."""
        draws, inventory = self._world.streams.named("count", site.id), self._world.state.inventory
        for product in site.products[: self._shops.counted]:
            level = inventory.get(site.id, ProductId(product.id))
            on_hand = level.on_hand if level else 0
            there = sum(not draws.chance(self._shops.shrinkage) for _ in range(on_hand))
            self._world.submit(CountStock(site.id, ProductId(product.id), there))

    # goods on their way

    def _is_over(self) -> bool:
        """After the last customer, nobody asks for more."""
        return self._world.now >= self._ends_ms

    def _arrives_ms(self, *name: str) -> int:
        draws = self._world.streams.named("arrival", *name)
        return round(self._shops.arrives_after_min.draw(draws) * MINUTE)

    def _buy(self, e: PurchaseDrafted) -> None:
        if not self._is_over():
            self._world.after(PACKS_MIN * MINUTE, OrderPurchase(e.purchase, e.store))

    def _deliver(self, e: PurchaseOrdered) -> None:
        purchase = self._world.state.purchases[e.purchase]
        came = ReceivePurchase(e.purchase, purchase.store, purchase.lines, True)
        self._world.after(self._arrives_ms("purchase", e.purchase), came)

    def _agree(self, e: TransferRequested) -> None:
        if e.is_draft and not self._is_over():
            approve = ApproveTransfer(e.transfer, e.destination)
            self._world.after(PACKS_MIN * MINUTE, approve)

    def _pack(self, e: TransferApproved) -> None:
        source: StoreId = self._world.state.transfers[e.transfer].source
        self._world.after(PACKS_MIN * MINUTE, ShipTransfer(e.transfer, source))

    def _unpack(self, e: TransferShipped) -> None:
        destination = self._world.state.transfers[e.transfer].destination
        came = ReceiveTransfer(e.transfer, destination)
        self._world.after(self._arrives_ms("transfer", e.transfer), came)
