"""What can stand on a shelf: single things that are known. A bundle is sold, and never stocked."""

from engine.rejections import Detail, RejectionReason
from engine.state.products import Products
from engine.values import ProductId


def shelf_fault(products: Products, product: ProductId) -> tuple[RejectionReason, Detail] | None:
    """Why there can be no shelf of it; a bundle says what is in it."""
    known = products.get(product)
    if known is None:
        return RejectionReason.UNKNOWN, {"what": "product", "id": product}
    if known.components:
        inside = [str(x.product) for x in known.components]
        return RejectionReason.IS_BUNDLE, {"product": product, "components": inside}
    return None
