"""What operators ask for to put products in order."""

from gateway.messages.terms import Category
from gateway.messages.values import Sent, Text


class DefineCategory(Sent, frozen=True):
    """Its name and its place in the tree, at a root if without parent; again, to move it."""

    category: Category
    name: Text
    parent: Category | None = None
