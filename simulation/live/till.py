"""A store's till: receipts of several lines, and now and then a piece that comes back."""

from collections.abc import Mapping
from itertools import count

from gateway import messages as m
from simulation.commerce import conduct
from simulation.commerce.parts import Shops
from simulation.days.city import StoreSite
from simulation.live.party import Party


class Till:
    """Speaks over its store's connection; ids begin with what that connection had seen.

    `prices` are the store's, as it changes them.
    """

    def __init__(
        self, store: Party, site: StoreSite, shops: Shops, prices: Mapping[str, m.Money]
    ) -> None:
        self._store, self._site, self._shops, self._prices = store, site, shops, prices

    async def sell_forever(self) -> None:
        store, draws = self._store, self._store.world.streams.named("receipts", self._site.id)
        welcome = store.client.welcome
        assert welcome is not None
        for number in count(1):
            await store.sleep(conduct.next_receipt_ms(self._shops, draws))
            wanted = conduct.receipt(self._site, self._shops, draws)
            key = f"{welcome.seq}-{number}"
            lines = [m.SoldLine(x, n, self._prices[x]) for x, n in wanted.lines.items()]
            sale = m.RecordReceipt("till-1", key, lines, wanted.tender.value)
            if await store.ask(sale) is not None and wanted.back_after_ms is not None:
                store.spawn(self._take_back(key, lines[0].product, wanted.back_after_ms))

    async def _take_back(self, receipt: str, product: str, after_ms: int) -> None:
        await self._store.sleep(after_ms)
        refund = m.RefundReceipt(receipt, f"{receipt}-back", [m.Line(product, 1)])
        await self._store.ask(refund)
