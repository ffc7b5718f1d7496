"""What a state says of orders, money, stock and couriers, in plain values that JSON can keep.

It is written beside a golden journal by the version that recorded it; every later version has to
find the same. Hence nothing here may change what it says of what was there before.
"""


def figures(s):
    """By id: orders (status, what is owed), payments (status, what was asked, taken and given
    back), shelves (what is there, what is held), accounts (balance), couriers (on shift)."""
    return {
        "orders": {k: [x.status.value, x.due_minor] for k, x in s.orders.everything()},
        "payments": {
            k: [x.status.value, x.amount_minor, x.captured_minor, x.refunded_minor]
            for k, x, _ in s.payments.everything()
        },
        "shelves": {
            f"{store}/{product}": [x.on_hand, x.reserved]
            for store, products in s.inventory.levels.items()
            for product, x in products.items()
        },
        "accounts": {k: x for k, x in s.ledger.balances.items() if x},
        "couriers": {k: x.on_shift for k, x in s.couriers.couriers.items()},
    }
