"""Products: what may be sold at all."""

from msgspec import Struct

from engine.events import ProductDelisted, ProductListed
from engine.values import Line, ProductId, Skill


class Product(Struct, array_like=True):
    name: str
    category: str
    load: int
    is_listed: bool = True
    components: list[Line] = []  # of a bundle, which has no shelf of its own
    skills: list[Skill] = []  # that whoever carries it has to have; of a bundle none of its own
    age_check: bool = False  # of a bundle, its parts' count, too


class Products(Struct, dict=True):
    """Invariant: a product keeps its id for ever; listing it again renews its description.

    A bundle stays one, whatever is in it; and nothing in it is a bundle.
    """

    products: dict[ProductId, Product] = {}

    def __post_init__(self) -> None:
        # Derived, hence not a field: snapshots neither write nor read it.
        self.changes: list[ProductId] = list(self.products)  # listed or listed again, in order

    # queries

    def __getitem__(self, product: ProductId) -> Product:
        return self.products[product]

    def get(self, product: ProductId) -> Product | None:
        return self.products.get(product)

    # events

    def product_listed(self, e: ProductListed) -> None:
        assert e.load >= 1
        known = self.products.get(e.product)
        assert not known or bool(known.components) is bool(e.components)
        assert not any(self.products[x.product].components for x in e.components)
        self.products[e.product] = Product(
            e.name, e.category, e.load, True, e.components, e.skills, e.age_check
        )
        self.changes.append(e.product)

    def product_delisted(self, e: ProductDelisted) -> None:
        self.products[e.product].is_listed = False
