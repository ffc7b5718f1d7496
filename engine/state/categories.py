"""Categories: the tree that products are found in."""

from collections.abc import Iterator

from msgspec import Struct

from engine.events import CategoryDefined
from engine.values import CategoryId


class Category(Struct, array_like=True):
    name: str
    parent: CategoryId = CategoryId("")  # empty: a root


class Categories(Struct):
    """Invariant: from every category upwards one comes to a root.

    What no one has defined is a root of its own: a product may be in any category at all.
    """

    categories: dict[CategoryId, Category] = {}
    version: int = 0  # counts changes, for whoever keeps an index

    # queries

    def get(self, category: CategoryId) -> Category | None:
        return self.categories.get(category)

    def upwards(self, category: CategoryId) -> Iterator[CategoryId]:
        """The category itself, its parent, and so on to its root."""
        at: CategoryId | None = category
        while at:
            yield at
            known = self.categories.get(at)
            at = known.parent if known else None

    # events

    def category_defined(self, e: CategoryDefined) -> None:
        assert not e.parent or e.parent in self.categories
        assert e.category not in self.upwards(e.parent)
        self.categories[e.category] = Category(e.name, e.parent)
        self.version += 1
