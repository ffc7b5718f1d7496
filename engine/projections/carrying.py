"""Who has which deliveries to carry: accepted and not yet ended. A register other folds read."""

from msgspec import Struct

from engine import events as e
from engine.values import CourierId, DeliveryId, Millis

LetGo = (
    e.DeliveryCompleted
    | e.DeliveryReturned
    | e.DeliveryUnassigned
    | e.DeliveryStranded
    | e.DeliveryCancelled
)


class Carrying(Struct):
    """Couriers with nothing to carry are not in it."""

    of: dict[CourierId, dict[DeliveryId, None]] = {}

    # events

    def took(self, _: Millis, x: e.OfferAccepted) -> None:
        self.of.setdefault(x.courier, {})[x.delivery] = None

    def let_go(self, _: Millis, x: LetGo) -> None:
        """An offer that was not accepted had not been taken."""
        courier = x.courier
        mine = None if courier is None else self.of.get(courier)
        if courier is not None and mine is not None:
            mine.pop(x.delivery, None)
            if not mine:
                del self.of[courier]
