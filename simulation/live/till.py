"""A store's till: receipts of several lines, and now and then a piece that comes back."""

from itertools import count

from engine.values import HOUR
from gateway import messages as m
from simulation.city import StoreSite
from simulation.commerce.parts import Shops
from simulation.live.party import Party

TENDERS: tuple[m.Tender, ...] = ("cash", "card", "wallet")


class Till:
    """Speaks over its store's connection; ids begin with what that connection had seen."""

    def __init__(self, store: Party, site: StoreSite, shops: Shops, currency: str) -> None:
        self._store, self._site, self._shops, self._currency = store, site, shops, currency

    async def sell_forever(self) -> None:
        store, site, shops = self._store, self._site, self._shops
        draws = store.world.streams.named("receipts", site.id)
        welcome = store.client.welcome
        assert welcome is not None
        for number in count(1):
            await store.sleep(draws.exponential(HOUR / shops.receipts_per_h))
            lines = dict[str, int]()
            for _ in range(max(1, round(shops.receipt_lines.draw(draws)))):
                product = site.products[draws.pick(site.popularity)].id
                lines[product] = lines.get(product, 0) + 1
            key = f"{welcome.seq}-{number}"
            prices = {x.id: m.Money(x.price_minor, self._currency) for x in site.products}
            sold = [m.SoldLine(x, n, prices[x]) for x, n in lines.items()]
            tender = TENDERS[draws.below(len(TENDERS))]
            reply = await store.ask(m.RecordReceipt("till-1", key, sold, tender))
            if draws.chance(shops.brought_back) and reply is not None:
                back = [m.Line(sold[0].product, 1)]
                await store.ask(m.RefundReceipt(key, f"{key}-back", back))
