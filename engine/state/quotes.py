"""Quotes: promises not yet accepted, until they expire and are forgotten."""

from msgspec import Struct

from engine.events import QuoteAccepted, QuoteOffered
from engine.values import HOUR, OrderId, QuoteId

KEPT_MS = HOUR  # longer than the newest, so that a late customer hears "expired", not "unknown"


class Quote(Struct, array_like=True):
    offered: QuoteOffered
    order: OrderId | None = None


class Quotes(Struct):
    """Invariant: a quote is accepted at most once. Oldest first; the old ones are dropped."""

    quotes: dict[QuoteId, Quote] = {}

    # queries

    def get(self, quote: QuoteId) -> Quote | None:
        return self.quotes.get(quote)

    # events

    def quote_offered(self, e: QuoteOffered) -> None:
        quotes = self.quotes
        assert e.quote not in quotes
        quotes[e.quote] = Quote(e)
        oldest = next(iter(quotes))
        while quotes[oldest].offered.expires_at < e.expires_at - KEPT_MS:
            del quotes[oldest]
            oldest = next(iter(quotes))

    def quote_accepted(self, e: QuoteAccepted) -> None:
        quote = self.quotes[e.quote]
        assert quote.order is None
        quote.order = e.order
