"""Goods, line by line, as they are asked for and as they are told."""

from engine import values as v
from gateway import messages as m
from gateway.wire import money


def lines_of(lines: list[m.Line]) -> list[v.Line]:
    return [v.Line(v.ProductId(x.product), x.quantity) for x in lines]


def lines_told(lines: list[v.Line]) -> list[m.Line]:
    return [m.Line(x.product, x.quantity) for x in lines]


def priced(lines: list[v.PricedLine], currency: str) -> list[m.PricedLine]:
    return [
        m.PricedLine(
            x.product,
            x.quantity,
            money(x.price_minor, currency),
            money(x.discount_minor, currency) if x.discount_minor else None,
            [m.Line(y.product, y.quantity) for y in x.components],
        )
        for x in lines
    ]
