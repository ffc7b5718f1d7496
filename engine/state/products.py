"""Products: what may be sold at all."""

from msgspec import Struct

from engine.events import ProductDelisted, ProductListed
from engine.values import ProductId


class Product(Struct):
    name: str
    category: str
    load: int
    is_listed: bool = True


class Products(Struct):
    """Invariant: a product keeps its id for ever; listing it again renews its description."""

    products: dict[ProductId, Product] = {}

    # queries

    def __getitem__(self, product: ProductId) -> Product:
        return self.products[product]

    def get(self, product: ProductId) -> Product | None:
        return self.products.get(product)

    # events

    def product_listed(self, e: ProductListed) -> None:
        assert e.load >= 1
        self.products[e.product] = Product(e.name, e.category, e.load)

    def product_delisted(self, e: ProductDelisted) -> None:
        self.products[e.product].is_listed = False
