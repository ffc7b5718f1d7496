"""Rating: what customers say of an order once it is over."""

from dataclasses import dataclass

from engine.commands import RateOrder
from engine.events import OrderRated
from engine.rejections import RejectionReason as Reason
from engine.rules.ratings import STARS, TAGS, TAGS_MAX, WITHIN_DAYS
from engine.state.customers import Customers
from engine.state.deliveries import Deliveries, DeliveryStatus
from engine.state.orders import ENDED, Order, Orders
from engine.state.ratings import Ratings
from engine.turn import Turn
from engine.values import DAY, Actor, CourierId, OrderId

CAME = (DeliveryStatus.DELIVERED, DeliveryStatus.RETURNED)  # a courier stood at the door


@dataclass(eq=False, slots=True)
class Rating:
    customers: Customers
    orders: Orders
    deliveries: Deliveries
    ratings: Ratings

    # commands

    def rate_order(self, turn: Turn, c: RateOrder) -> None:
        if c.stars not in STARS:
            turn.reject(Reason.MALFORMED, field="stars")
        if c.courier_stars not in (0, *STARS):
            turn.reject(Reason.MALFORMED, field="courier_stars")
        if c.order in self.ratings.orders:
            turn.reject(Reason.ALREADY_EXISTS)
        order = self.orders.get(c.order)
        if not order or order.placed.service != c.service or self._is_forgotten(order):
            turn.reject(Reason.UNKNOWN, what="order", id=c.order)
        self._check_products(turn, c, order)
        if order.status not in ENDED or turn.at > order.ended_at + WITHIN_DAYS * DAY:
            allowed = [str(x) for x in ENDED]
            turn.reject(
                Reason.ILLEGAL_TRANSITION, **{"from": order.status, "to": "rated"}, allowed=allowed
            )
        if len(c.tags) > TAGS_MAX or any(tag not in TAGS for tag in c.tags):
            turn.reject(Reason.REASON_NOT_ALLOWED, actor=Actor.CUSTOMER, allowed=list(TAGS))
        courier = self._courier(c.order)
        if c.courier_stars and courier is None:
            turn.reject(Reason.MALFORMED, field="courier_stars")
        turn.emit(
            OrderRated(
                c.order,
                order.placed.customer,
                c.service,
                order.placed.store,
                c.stars,
                courier,
                c.courier_stars,
                list(dict.fromkeys(c.tags)),
                c.liked,
                c.disliked,
                turn.at,
            )
        )

    # internals

    def _check_products(self, turn: Turn, c: RateOrder, order: Order) -> None:
        """Each of them once, and only what was bought."""
        bought = [x.product for x in order.placed.lines]
        seen = list[str]()
        for product in (*c.liked, *c.disliked):
            if product not in bought:
                turn.reject(Reason.UNKNOWN, what="product", id=product)
            if product in seen:
                turn.reject(Reason.MALFORMED, field="disliked")
            seen.append(product)

    def _is_forgotten(self, order: Order) -> bool:
        return self.customers[order.placed.customer].is_forgotten

    def _courier(self, order: OrderId) -> CourierId | None:
        key = self.deliveries.of_order.get(order)
        delivery = self.deliveries[key] if key is not None else None
        return delivery.courier if delivery and delivery.status in CAME else None
