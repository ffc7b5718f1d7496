"""event -> the one state module that applies it."""

from collections.abc import Callable
from typing import Any

from engine import events as e
from engine.state import State

Apply = Callable[[Any], None]


def no_state(_: Any) -> None:
    """For the few events that inform subscribers and change nothing."""


def state_of(s: State) -> dict[type[e.Event], Apply]:
    return {
        e.CommandRejected: no_state,
        e.RouteSkipped: no_state,
        e.EngineOpened: s.settings.engine_opened,
        e.SettingsChanged: s.settings.settings_changed,
        e.TimerSet: s.timers.timer_set,
        e.TimerFired: s.timers.timer_fired,
        e.StoreRegistered: s.stores.store_registered,
        e.StoreOpened: s.stores.store_opened,
        e.StoreClosed: s.stores.store_closed,
        e.PreparationMeasured: s.stores.preparation_measured,
        e.ProductListed: s.products.product_listed,
        e.ProductDelisted: s.products.product_delisted,
        e.PriceSet: s.prices.price_set,
        e.CustomerRegistered: s.customers.customer_registered,
        e.StockReceived: s.inventory.stock_received,
        e.StockReserved: s.inventory.stock_reserved,
        e.StockReleased: s.inventory.stock_released,
        e.StockIssued: s.inventory.stock_issued,
        e.StockReturned: s.inventory.stock_returned,
        e.StockCounted: s.inventory.stock_counted,
        e.StockSold: s.inventory.stock_sold,
        e.SafetyStockSet: s.inventory.safety_stock_set,
        e.StockAdjusted: s.inventory.stock_adjusted,
        e.StockQuarantined: s.inventory.stock_quarantined,
        e.StockRestored: s.inventory.stock_restored,
        e.StockDiscarded: s.inventory.stock_discarded,
        e.StockShortfall: s.inventory.stock_shortfall,
        e.QuoteOffered: s.quotes.quote_offered,
        e.QuoteAccepted: s.quotes.quote_accepted,
        e.OrderPlaced: s.orders.order_placed,
        e.OrderConfirmed: s.orders.order_confirmed,
        e.OrderAccepted: s.orders.order_accepted,
        e.ReadyTimeChanged: s.orders.ready_time_changed,
        e.OrderReady: s.orders.order_ready,
        e.OrderReduced: s.orders.order_reduced,
        e.OrderHandedOver: s.orders.order_handed_over,
        e.ProofMissed: s.orders.proof_missed,
        e.ProofRenewed: s.orders.proof_renewed,
        e.OrderFulfilled: s.orders.order_fulfilled,
        e.OrderCancelled: s.orders.order_cancelled,
        e.OrderReturned: s.orders.order_returned,
        e.OrderWrittenOff: s.orders.order_written_off,
        e.PaymentRequested: s.payments.payment_requested,
        e.PaymentAuthorized: s.payments.payment_authorized,
        e.PaymentFailed: s.payments.payment_failed,
        e.PaymentWithdrawn: s.payments.payment_withdrawn,
        e.InstructionIssued: s.payments.instruction_issued,
        e.InstructionSettled: s.payments.instruction_settled,
        e.InstructionFailed: s.payments.instruction_failed,
        e.CashHandedIn: s.ledger.cash_handed_in,
        e.LedgerPosted: s.ledger.ledger_posted,
        e.CourierRegistered: s.couriers.courier_registered,
        e.ShiftStarted: s.couriers.shift_started,
        e.ShiftEnded: s.couriers.shift_ended,
        e.BreakPlanned: s.couriers.break_planned,
        e.CourierRepositioned: s.couriers.courier_repositioned,
        e.PositionsReported: s.positions.positions_reported,
        e.DeliveryCreated: s.deliveries.delivery_created,
        e.RoutePlanned: s.deliveries.route_planned,
        e.DeliveryOffered: s.deliveries.delivery_offered,
        e.OfferAccepted: s.deliveries.offer_accepted,
        e.DeliveryUnassigned: s.deliveries.delivery_unassigned,
        e.LegStarted: s.deliveries.leg_started,
        e.CourierArrived: s.deliveries.courier_arrived,
        e.DeliveryPickedUp: s.deliveries.delivery_picked_up,
        e.DeliveryCompleted: s.deliveries.delivery_completed,
        e.DeliveryFailed: s.deliveries.delivery_failed,
        e.DeliveryStranded: s.deliveries.delivery_stranded,
        e.DeliveryReturned: s.deliveries.delivery_returned,
        e.DeliveryCancelled: s.deliveries.delivery_cancelled,
        e.PlanningRequested: s.planning_rounds.planning_requested,
        e.PlanningRoundOpened: s.planning_rounds.planning_round_opened,
        e.PlanningRoundClosed: s.planning_rounds.planning_round_closed,
    }
