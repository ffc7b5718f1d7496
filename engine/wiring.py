"""Who does what. Three tables; read this file first.

command -> the one handler that decides it
event   -> the one state module that applies it
event   -> what must follow, in order, within the same turn
"""

from collections.abc import Callable
from typing import Any, get_args

from msgspec import Struct

from engine import commands as c
from engine import events as e
from engine.handlers.delivering import Delivering
from engine.handlers.dispatching import Dispatching
from engine.handlers.merchandising import Merchandising
from engine.handlers.operating import Operating
from engine.handlers.ordering import Ordering
from engine.handlers.paying import Paying
from engine.handlers.preparing import Preparing
from engine.handlers.quoting import Quoting
from engine.handlers.stocking import Stocking
from engine.handlers.tracking import Tracking
from engine.rejections import RejectionReason
from engine.rules.bounds import Bounds
from engine.state import State
from engine.turn import Turn

Handle = Callable[[Turn, Any], None]
Apply = Callable[[Any], None]


class Handlers(Struct):
    """Each is given exactly the state it may read."""

    operating: Operating
    merchandising: Merchandising
    stocking: Stocking
    quoting: Quoting
    ordering: Ordering
    paying: Paying
    preparing: Preparing
    dispatching: Dispatching
    delivering: Delivering
    tracking: Tracking


class Wiring(Struct):
    handler_of: dict[type[c.Command], Handle]
    state_of: dict[type[e.Event], Apply]
    follow_ups: dict[type[e.Event], tuple[Handle, ...]]


def wire(s: State) -> Wiring:
    handlers = _handlers(s)
    handler_of = _handler_of(handlers)
    for command in get_args(c.ExternalCommand):
        handler_of[command] = _within_bounds(command, handler_of[command])
    return Wiring(handler_of, _state_of(s), _follow_ups(handlers))


def _within_bounds(command: type[c.Command], handle: Handle) -> Handle:
    """No handler sees an empty id, a place off the map, or a number no book has room for."""
    fault_of = Bounds(command).fault

    def checked(turn: Turn, c: Any) -> None:
        fault = fault_of(c)
        if fault is not None:
            turn.reject(RejectionReason.MALFORMED, **fault)
        handle(turn, c)

    return checked


def no_state(_: Any) -> None:
    """For the few events that inform subscribers and change nothing."""


def _handlers(s: State) -> Handlers:
    return Handlers(
        Operating(s.settings),
        Merchandising(s.stores, s.products, s.prices, s.customers),
        Stocking(s.stores, s.products, s.inventory),
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
        ),
        Ordering(s.stores, s.products, s.inventory, s.quotes, s.orders, s.payments, s.deliveries),
        Paying(s.settings, s.orders, s.payments, s.deliveries),
        Preparing(s.settings, s.orders, s.deliveries),
        Dispatching(s.settings, s.stores, s.orders, s.couriers, s.deliveries, s.planning_rounds),
        Delivering(s.orders, s.couriers, s.positions, s.deliveries),
        Tracking(s.couriers, s.positions),
    )


def _handler_of(h: Handlers) -> dict[type[c.Command], Handle]:
    return {
        c.Tick: h.operating.tick,
        c.OpenEngine: h.operating.open_engine,
        c.ChangeSettings: h.operating.change_settings,
        c.RegisterStore: h.merchandising.register_store,
        c.OpenStore: h.merchandising.open_store,
        c.CloseStore: h.merchandising.close_store,
        c.ListProduct: h.merchandising.list_product,
        c.DelistProduct: h.merchandising.delist_product,
        c.SetPrice: h.merchandising.set_price,
        c.RegisterCustomer: h.merchandising.register_customer,
        c.ReceiveStock: h.stocking.receive_stock,
        c.CountStock: h.stocking.count_stock,
        c.SetSafetyStock: h.stocking.set_safety_stock,
        c.RecordSale: h.stocking.record_sale,
        c.RequestQuote: h.quoting.request_quote,
        c.PlaceOrder: h.ordering.place_order,
        c.CancelOrder: h.ordering.cancel_order,
        c.ReportAuthorization: h.paying.report_authorization,
        c.ReportInstruction: h.paying.report_instruction,
        c.RefundOrder: h.paying.refund_order,
        c.ExpirePayment: h.paying.expire_payment,
        c.AcceptOrder: h.preparing.accept_order,
        c.RejectOrder: h.preparing.reject_order,
        c.UpdateReadyTime: h.preparing.update_ready_time,
        c.ReportReady: h.preparing.report_ready,
        c.ReportMissing: h.preparing.report_missing,
        c.ReceiveReturn: h.preparing.receive_return,
        c.ExpireAcceptance: h.preparing.expire_acceptance,
        c.OpenPlanningRound: h.dispatching.open_planning_round,
        c.ClosePlanningRound: h.dispatching.close_planning_round,
        c.AdoptPlan: h.dispatching.adopt_plan,
        c.ImprovePlan: h.dispatching.improve_plan,
        c.AssignDelivery: h.dispatching.assign_delivery,
        c.RepositionCourier: h.dispatching.reposition_courier,
        c.RegisterCourier: h.delivering.register_courier,
        c.StartShift: h.delivering.start_shift,
        c.EndShift: h.delivering.end_shift,
        c.TakeBreak: h.delivering.take_break,
        c.ReportBreakdown: h.delivering.report_breakdown,
        c.AcceptOffer: h.delivering.accept_offer,
        c.DeclineOffer: h.delivering.decline_offer,
        c.ExpireOffer: h.delivering.expire_offer,
        c.ReportArrival: h.delivering.report_arrival,
        c.ReportPickup: h.delivering.report_pickup,
        c.ReportDropoff: h.delivering.report_dropoff,
        c.ReportFailure: h.delivering.report_failure,
        c.ReportPositions: h.tracking.report_positions,
    }


def _state_of(s: State) -> dict[type[e.Event], Apply]:
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
        e.QuoteOffered: s.quotes.quote_offered,
        e.QuoteAccepted: s.quotes.quote_accepted,
        e.OrderPlaced: s.orders.order_placed,
        e.OrderConfirmed: s.orders.order_confirmed,
        e.OrderAccepted: s.orders.order_accepted,
        e.ReadyTimeChanged: s.orders.ready_time_changed,
        e.OrderReady: s.orders.order_ready,
        e.OrderReduced: s.orders.order_reduced,
        e.OrderHandedOver: s.orders.order_handed_over,
        e.OrderFulfilled: s.orders.order_fulfilled,
        e.OrderCancelled: s.orders.order_cancelled,
        e.OrderReturned: s.orders.order_returned,
        e.OrderWrittenOff: s.orders.order_written_off,
        e.PaymentRequested: s.payments.payment_requested,
        e.PaymentAuthorized: s.payments.payment_authorized,
        e.PaymentFailed: s.payments.payment_failed,
        e.InstructionIssued: s.payments.instruction_issued,
        e.InstructionSettled: s.payments.instruction_settled,
        e.InstructionFailed: s.payments.instruction_failed,
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


def _follow_ups(h: Handlers) -> dict[type[e.Event], tuple[Handle, ...]]:
    plan, leg = h.dispatching.request_plan, h.dispatching.start_leg
    return {
        # the bargain
        e.OrderPlaced: (h.paying.request_payment, h.ordering.confirm_free),
        e.PaymentAuthorized: (h.ordering.confirm,),
        e.PaymentFailed: (h.ordering.cancel_unpaid,),
        e.OrderConfirmed: (h.preparing.await_acceptance,),
        e.OrderAccepted: (h.dispatching.create_delivery,),
        e.OrderCancelled: (
            h.dispatching.cancel_delivery,
            h.ordering.release_stock,
            h.paying.give_back,
        ),
        e.OrderFulfilled: (h.paying.capture,),
        e.OrderReturned: (h.paying.charge_for_return,),
        e.OrderWrittenOff: (h.dispatching.cancel_delivery, h.paying.give_back),
        # the way
        e.DeliveryCreated: (plan,),
        e.RoutePlanned: (leg,),
        e.OfferAccepted: (leg,),
        e.DeliveryUnassigned: (leg, plan),
        e.DeliveryPickedUp: (h.ordering.hand_over, leg, plan),
        e.DeliveryCompleted: (h.ordering.fulfill, h.paying.pay_courier, leg, plan),
        e.DeliveryFailed: (leg, plan),
        e.DeliveryStranded: (plan,),
        e.DeliveryReturned: (h.ordering.take_back, leg, plan),
        e.DeliveryCancelled: (leg, plan),
        e.ShiftStarted: (plan,),
        e.ShiftEnded: (h.delivering.clear_route, plan),
        e.BreakPlanned: (h.delivering.take_back_offers, plan),
        e.ReadyTimeChanged: (plan,),
        e.OrderReady: (plan,),
    }
