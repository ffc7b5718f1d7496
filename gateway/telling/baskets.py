"""Who holds an open quote for what: so that whoever does hears it when something is delisted.

The engine need not be told: it looks again when a quote is to be accepted, and refuses.
"""

from collections.abc import Iterator
from typing import Self

from engine import events as e
from engine.events import AnyEvent
from engine.state import State
from engine.values import Millis, ProductId, QuoteId, StoreId
from gateway import messages as m

FOLLOWED = frozenset((e.QuoteOffered, e.QuoteAccepted, e.ProductDelisted, e.ProductDelistedInStore))
News = tuple[str, m.QuoteUnavailable]  # the service that asked for it, what it is told


class Baskets:
    """Quotes that are neither accepted nor expired, the oldest first, and by what is in them."""

    def __init__(self) -> None:
        self._open: dict[QuoteId, e.QuoteOffered] = {}
        self._of_product: dict[ProductId, dict[QuoteId, None]] = {}

    @classmethod
    def of(cls, s: State) -> Self:
        baskets = cls()
        for quote in s.quotes.quotes.values():
            if quote.order is None:
                baskets._add(quote.offered)
        return baskets

    def fold(self, event: AnyEvent, at: Millis) -> Iterator[News]:
        """Follow one of FOLLOWED."""
        match event:
            case e.QuoteOffered():
                self._forget_expired(at)
                self._add(event)
            case e.QuoteAccepted(quote=key):
                self._forget(key)
            case e.ProductDelisted(product=product):
                yield from self._holding(product, None, at)
            case e.ProductDelistedInStore(store=store, product=product):
                yield from self._holding(product, store, at)

    # internals

    def _holding(self, product: ProductId, store: StoreId | None, at: Millis) -> Iterator[News]:
        self._forget_expired(at)
        for key in self._of_product.get(product, ()):
            quote = self._open[key]
            if quote.expires_at > at and store in (None, quote.store):
                yield quote.service, m.QuoteUnavailable(key, quote.store, product, "not_listed")

    def _add(self, quote: e.QuoteOffered) -> None:
        self._open[quote.quote] = quote
        for product in _products(quote):
            self._of_product.setdefault(product, {})[quote.quote] = None

    def _forget_expired(self, at: Millis) -> None:
        while self._open:
            oldest = next(iter(self._open))
            if self._open[oldest].expires_at > at:
                return
            self._forget(oldest)

    def _forget(self, key: QuoteId) -> None:
        quote = self._open.pop(key, None)
        for product in _products(quote) if quote else ():
            holders = self._of_product.get(product, {})
            holders.pop(key, None)
            if not holders:
                self._of_product.pop(product, None)


def _products(quote: e.QuoteOffered) -> Iterator[ProductId]:
    """Bundles, and what is in them."""
    for line in quote.lines:
        yield line.product
        for part in line.components:
            yield part.product
