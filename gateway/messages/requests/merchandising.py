"""What operators and stores ask for to put products in order."""

from typing import Annotated

from msgspec import Meta

from gateway.messages.terms import Category
from gateway.messages.values import Cursor, Id, Place, Sent, Text, Time


class GetPriceHistory(Sent, frozen=True):
    """All a product has cost in a store, and what is planned; an operator names the store.

    Answered by `price_history`.
    """

    product: Id
    store: Id | None = None
    before: Time | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 100


class SearchProducts(Sent, frozen=True):
    """What can be ordered now: by words of its name (the last may be only begun), by category
    with all below it, in a store, or wherever it is delivered from to `dropoff` within so many
    minutes. Answered by `found`.
    """

    text: Text = ""
    category: Category | None = None
    store: Id | None = None
    dropoff: Place | None = None
    within_min: Annotated[int, Meta(ge=1, le=1_440)] | None = None
    after: Cursor | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 50


class ListCategories(Sent, frozen=True):
    """The tree: those that were defined, and those that products were only put in.

    Answered by `categories`.
    """

    after: Category | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 100


class DefineCategory(Sent, frozen=True):
    """Its name and its place in the tree, at a root if without parent; again, to move it."""

    category: Category
    name: Text
    parent: Category | None = None
