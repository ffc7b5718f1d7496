"""What operators and stores ask for to put products in order."""

from typing import Annotated

from msgspec import Meta

from gateway.messages.terms import Category
from gateway.messages.values import Id, Sent, Text, Time


class GetPriceHistory(Sent, frozen=True):
    """All a product has cost in a store, and what is planned; an operator names the store.

    Answered by `price_history`.
    """

    product: Id
    store: Id | None = None
    before: Time | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 100


class DefineCategory(Sent, frozen=True):
    """Its name and its place in the tree, at a root if without parent; again, to move it."""

    category: Category
    name: Text
    parent: Category | None = None
