"""The handlers, each given exactly the state it may read."""

from msgspec import Struct

from engine.handlers.archiving import Archiving
from engine.handlers.campaigning import Campaigning
from engine.handlers.cashing import Cashing
from engine.handlers.collecting import Collecting
from engine.handlers.complaining import Complaining
from engine.handlers.delivering import Delivering
from engine.handlers.dispatching import Dispatching
from engine.handlers.editing import Editing
from engine.handlers.exchanging import Exchanging
from engine.handlers.grouping import Grouping
from engine.handlers.merchandising import Merchandising
from engine.handlers.opening import Opening
from engine.handlers.operating import Operating
from engine.handlers.ordering import Ordering
from engine.handlers.paying import Paying
from engine.handlers.preparing import Preparing
from engine.handlers.promising import Promising
from engine.handlers.promoting import Promoting
from engine.handlers.purchasing import Purchasing
from engine.handlers.quoting import Quoting
from engine.handlers.rating import Rating
from engine.handlers.reattempting import Reattempting
from engine.handlers.reconciling import Reconciling
from engine.handlers.refunding import Refunding
from engine.handlers.repeating import Repeating
from engine.handlers.replenishing import Replenishing
from engine.handlers.rescuing import Rescuing
from engine.handlers.returning import Returning
from engine.handlers.riding import Riding
from engine.handlers.rostering import Rostering
from engine.handlers.searching import Searching
from engine.handlers.segmenting import Segmenting
from engine.handlers.selling import Selling
from engine.handlers.staffing import Staffing
from engine.handlers.stocking import Stocking
from engine.handlers.substituting import Substituting
from engine.handlers.supporting import Supporting
from engine.handlers.switching import Switching
from engine.handlers.tipping import Tipping
from engine.handlers.tracking import Tracking
from engine.handlers.transferring import Transferring
from engine.state import State


class Handlers(Struct):
    """Each is given exactly the state it may read."""

    operating: Operating
    merchandising: Merchandising
    promoting: Promoting
    opening: Opening
    stocking: Stocking
    selling: Selling
    transferring: Transferring
    purchasing: Purchasing
    replenishing: Replenishing
    staffing: Staffing
    promising: Promising
    quoting: Quoting
    ordering: Ordering
    paying: Paying
    tipping: Tipping
    switching: Switching
    cashing: Cashing
    reconciling: Reconciling
    preparing: Preparing
    collecting: Collecting
    reattempting: Reattempting
    editing: Editing
    substituting: Substituting
    rescuing: Rescuing
    exchanging: Exchanging
    refunding: Refunding
    repeating: Repeating
    returning: Returning
    grouping: Grouping
    dispatching: Dispatching
    searching: Searching
    delivering: Delivering
    rostering: Rostering
    tracking: Tracking
    riding: Riding
    supporting: Supporting
    segmenting: Segmenting
    complaining: Complaining
    rating: Rating
    campaigning: Campaigning
    archiving: Archiving


def handlers_over(s: State) -> Handlers:
    return Handlers(
        Operating(s.settings),
        Merchandising(s.stores, s.products, s.prices, s.customers, s.categories),
        Promoting(s.stores, s.customers, s.orders, s.promotions, s.campaigns),
        Opening(s.stores, s.orders),
        Stocking(s.stores, s.products, s.inventory, s.orders),
        Selling(s.stores, s.products, s.inventory, s.receipts, s.orders),
        Transferring(s.stores, s.products, s.inventory, s.transfers),
        Purchasing(s.stores, s.products, s.purchases),
        Replenishing(s.stores, s.products, s.inventory, s.transfers, s.purchases, s.reorders),
        Staffing(s.stores, s.staff),
        Promising(s.settings, s.orders, s.promises, s.deliveries),
        Quoting(
            s.settings,
            s.stores,
            s.products,
            s.prices,
            s.customers,
            s.inventory,
            s.couriers,
            s.positions,
            s.deliveries,
            s.quotes,
            s.orders,
            s.categories,
            s.listings,
            s.promotions,
            s.staff,
            s.promises,
            s.groups,
        ),
        Ordering(
            s.settings,
            s.stores,
            s.products,
            s.inventory,
            s.quotes,
            s.orders,
            s.payments,
            s.deliveries,
            s.customers,
            s.promotions,
            s.listings,
            s.order_changes,
            s.couriers,
            s.positions,
            s.staff,
            s.promises,
            s.groups,
        ),
        Paying(s.settings, s.timers, s.orders, s.payments, s.deliveries, s.order_changes),
        Tipping(s.settings, s.orders, s.payments, s.deliveries),
        Switching(s.settings, s.orders, s.payments),
        Cashing(s.couriers, s.ledger),
        Reconciling(s.payments, s.reconciliations),
        Preparing(s.settings, s.timers, s.orders, s.deliveries, s.staff),
        Collecting(s.settings, s.orders, s.products),
        Reattempting(s.settings, s.stores, s.orders, s.deliveries),
        Editing(
            s.settings,
            s.stores,
            s.products,
            s.listings,
            s.prices,
            s.inventory,
            s.orders,
            s.payments,
            s.couriers,
        ),
        Substituting(s.settings, s.products, s.listings, s.prices, s.inventory, s.orders),
        Rescuing(
            s.settings,
            s.stores,
            s.products,
            s.listings,
            s.prices,
            s.inventory,
            s.orders,
            s.deliveries,
            s.couriers,
            s.positions,
            s.staff,
            s.promises,
        ),
        Exchanging(s.orders, s.payments, s.order_changes),
        Refunding(s.settings, s.orders, s.payments, s.refunds, s.order_changes),
        Repeating(s.payments, s.refunds, s.order_changes),
        Returning(
            s.settings, s.products, s.orders, s.payments, s.refunds, s.deliveries, s.order_changes
        ),
        Grouping(s.settings, s.stores, s.orders, s.couriers, s.deliveries, s.groups),
        Dispatching(
            s.settings,
            s.stores,
            s.orders,
            s.couriers,
            s.deliveries,
            s.planning_rounds,
            s.order_changes,
            s.groups,
        ),
        Searching(s.settings, s.timers, s.orders, s.deliveries),
        Delivering(
            s.settings, s.timers, s.orders, s.couriers, s.positions, s.deliveries, s.products
        ),
        Rostering(s.settings, s.couriers, s.shifts),
        Tracking(s.couriers, s.positions),
        Riding(s.settings, s.stores, s.couriers, s.deliveries),
        Supporting(s.customers, s.orders),
        Segmenting(s.customers, s.orders, s.payments, s.order_changes),
        Complaining(s.customers, s.orders, s.payments, s.refunds, s.order_changes, s.complaints),
        Rating(s.customers, s.orders, s.deliveries, s.ratings),
        Campaigning(s.customers, s.orders, s.promotions, s.campaigns),
        Archiving(s.settings, s.orders, s.payments, s.deliveries),
    )
