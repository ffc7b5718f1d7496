"""An index of the catalog: products by the words of their names, and by category.

Brought up to date before it is asked, by what was listed since.
"""

import re
from bisect import bisect_left, insort
from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple, TypeVar
from unicodedata import combining, normalize

from engine.state import State
from engine.state.products import Product
from engine.values import CategoryId, ProductId, StoreId

# Scripts that are written without spaces: each character is a word of its own.
UNSPACED = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # kana, Han
WORD = re.compile(rf"[{UNSPACED}]|[^\W_{UNSPACED}]+")
LAST = "\U0010ffff"  # after every character there is
MANY = 1_000  # new keys at once: cheaper sorted than put in their places

Found = dict[ProductId, None]
Text = TypeVar("Text", bound=str)


def words(text: str) -> list[str]:
    """Case, accents and the width of letters do not matter."""
    if not text.isascii():
        plain = "".join(x for x in normalize("NFKD", text) if not combining(x))
        text = normalize("NFKC", plain)
    return WORD.findall(text.casefold())


class Condition(NamedTuple):
    """A part of what is asked for: about how many fulfill it, whether one does, and which do."""

    size: int
    holds: Callable[[ProductId], bool]
    keys: Callable[[], Found]


class CatalogIndex:
    """Of one engine's state. `refresh` first; every other method answers as of then."""

    def __init__(self) -> None:
        self.keys: list[ProductId] = []  # every product, in order
        self._seen = 0  # of the changes
        self._tree = -1  # which version of it
        self._product: dict[ProductId, Product] = {}
        self._words_of: dict[ProductId, list[str]] = {}
        self._of_word: dict[str, Found] = {}
        self._words: list[str] = []  # in order, for those that begin alike
        self._of_category: dict[str, Found] = {}
        self._children: dict[str, list[CategoryId]] = {}
        self._priced: dict[StoreId, list[ProductId]] = {}

    def refresh(self, s: State) -> None:
        """A few microseconds for each product listed since."""
        changes = s.products.changes
        if self._seen < len(changes):
            fresh = dict.fromkeys(changes[self._seen :])
            new = [x for x in fresh if x not in self._product]
            new_words: dict[str, None] = {}
            for key in fresh:
                self._learn(key, s.products[key], new_words)
            _put(self.keys, new)
            _put(self._words, list(new_words))
            self._seen = len(changes)
        if self._tree != s.categories.version:
            self._children = {}
            for category, x in s.categories.categories.items():
                self._children.setdefault(x.parent, []).append(category)
            self._tree = s.categories.version

    # what is asked

    def conditions(self, text: str, category: str) -> list[Condition]:
        """All of these words, the last of which may be only begun; in this category or below it."""
        *whole, begun = words(text) or [""]
        found = [self._with_word(x) for x in whole]
        if begun:
            found.append(self._with_beginning(begun))
        elif text.strip():
            found.append(_nothing())
        if category:
            found.append(self._within(category))
        return found

    def priced(self, store: StoreId, history: Collection[ProductId]) -> list[ProductId]:
        """Products that have, had or will have a price there, in order. None is ever removed."""
        known = self._priced.get(store, [])
        if len(known) != len(history):
            known = self._priced[store] = sorted(history)
        return known

    def categories(self) -> list[str]:
        """All that products are in, defined or not."""
        return [x for x, products in self._of_category.items() if products]

    # internals

    def _with_word(self, word: str) -> Condition:
        found = self._of_word.get(word, {})
        return Condition(len(found), found.__contains__, lambda: found)

    def _with_beginning(self, beginning: str) -> Condition:
        start = bisect_left(self._words, beginning)
        end = bisect_left(self._words, beginning + LAST, start)
        parts = [self._of_word[x] for x in self._words[start:end]]
        words_of = self._words_of

        def holds(key: ProductId) -> bool:
            return any(x.startswith(beginning) for x in words_of[key])

        return Condition(sum(map(len, parts)), holds, lambda: _union(parts))

    def _within(self, category: str) -> Condition:
        below = [category]
        for x in below:  # grows while we iterate
            below += self._children.get(x, [])
        parts = {x: self._of_category.get(x, {}) for x in below}
        product = self._product

        def holds(key: ProductId) -> bool:
            return product[key].category in parts

        size = sum(len(x) for x in parts.values())
        return Condition(size, holds, lambda: _union(parts.values()))

    def _learn(self, key: ProductId, product: Product, new_words: dict[str, None]) -> None:
        old = self._product.get(key)
        if old is not None:
            self._of_category[old.category].pop(key, None)
            for word in self._words_of[key]:
                self._of_word[word].pop(key, None)
        self._product[key] = product
        self._of_category.setdefault(product.category, {})[key] = None
        self._words_of[key] = words(product.name)
        for word in self._words_of[key]:
            if word not in self._of_word:
                self._of_word[word] = {}
                new_words[word] = None
            self._of_word[word][key] = None


def _put(ordered: list[Text], new: list[Text]) -> None:
    if len(new) > MANY:
        ordered += new
        ordered.sort()
    else:
        for x in new:
            insort(ordered, x)


def _nothing() -> Condition:
    return Condition(0, lambda _: False, dict)


def _union(parts: Iterable[Found]) -> Found:
    whole: Found = {}
    for part in parts:
        whole.update(part)
    return whole
