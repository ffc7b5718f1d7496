"""How a request becomes a command: its type names the one function that makes it."""

from collections.abc import Callable
from typing import Any

from engine.commands import ExternalCommand
from engine.values import FleetId, ServiceId, StoreId
from gateway.tokens import Identity

# Body, who asks (an Identity) and the currency. Rows are not typed further: what ids are in a
# body or a token is text, and the type of the request says which kind.
Table = dict[type, Callable[[Any, Any, str], ExternalCommand]]


def service_of(who: Identity) -> ServiceId:
    """Whose customers and orders are meant: of anybody but a service, everybody's."""
    return ServiceId(who.subject if who.role == "order_service" else "")


def store_of(who: Identity) -> StoreId:
    """For which store he speaks: anybody but a store, for none or for whichever he names."""
    return StoreId(who.subject if who.role == "store" else "")


def fleet_of(who: Identity) -> FleetId:
    """Whose couriers are meant: of anybody but a fleet's dispatcher, everybody's."""
    return FleetId(who.subject if who.role == "fleet" else "")
