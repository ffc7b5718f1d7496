"""event -> what must follow, in order, within the same turn."""

from engine import events as e
from engine.wiring.deciding import Handle
from engine.wiring.handlers import Handlers


def follow_ups(h: Handlers) -> dict[type[e.Event], tuple[Handle, ...]]:
    plan, leg = h.dispatching.request_plan, h.dispatching.start_leg
    return {
        # the bargain
        e.OrderPlaced: (
            h.grouping.join,
            h.promoting.reserve,
            h.paying.request_payment,
            h.ordering.confirm_free,
        ),
        e.PaymentRequested: (h.paying.await_answer,),
        e.PaymentAuthorized: (h.ordering.confirm, h.editing.carry_out, h.tipping.pass_on),
        e.PaymentFailed: (h.ordering.cancel_unpaid, h.editing.give_up),
        e.MoneyMoved: (h.reconciling.recognize,),
        e.OrderConfirmed: (h.preparing.await_acceptance,),
        e.ItemsMissing: (h.rescuing.rescue,),
        e.OrderGivenUp: (h.rescuing.go_elsewhere,),
        e.OrderMoved: (h.grouping.leave, h.preparing.await_acceptance),
        e.OrderEdited: (h.grouping.review_edited, h.ordering.ask_sooner),
        e.OrderReduced: (h.editing.drop,),
        e.EditDropped: (h.editing.withdraw_payment,),
        e.OrderAccepted: (h.editing.drop, h.dispatching.create_delivery),
        e.SubstituteDropped: (h.substituting.end_without,),
        e.OrderRecalled: (h.grouping.leave, h.delivering.turn_back),
        e.OrderReattempted: (h.dispatching.create_delivery,),
        e.OrderCancelled: (
            h.grouping.leave,
            h.editing.drop,
            h.substituting.drop_substitutes,
            h.exchanging.drop,
            h.dispatching.cancel_delivery,
            h.ordering.release_stock,
            h.paying.give_back,
            h.promoting.give_back,
            h.archiving.plan,
        ),
        e.OrderFulfilled: (
            h.grouping.leave,
            h.paying.capture,
            h.segmenting.note_purchase,
            h.promoting.redeem,
            h.promoting.bear,
            h.promising.learn,
            h.archiving.plan,
        ),
        e.OrderReturned: (
            h.grouping.leave,
            h.paying.charge_for_return,
            h.promoting.give_back,
            h.archiving.plan,
        ),
        e.OrderWrittenOff: (
            h.grouping.leave,
            h.dispatching.cancel_delivery,
            h.paying.give_back,
            h.promoting.give_back,
            h.archiving.plan,
        ),
        e.TransferDiscarded: (h.replenishing.postpone,),
        e.PurchaseDiscarded: (h.replenishing.postpone,),
        e.StockShortfall: (h.preparing.go_without,),
        e.SettingsChanged: (h.archiving.plan_again,),
        # customers
        e.CustomerPurchased: (h.segmenting.judge_again, h.campaigning.measure),
        e.CustomerRefunded: (h.segmenting.judge_again,),
        e.CustomerForgotten: (h.complaining.close_of_forgotten,),
        # what goes back
        e.ReturnFetched: (h.dispatching.fetch,),
        e.ChangeReceived: (
            h.exchanging.check,
            h.refunding.refund_change,
            h.ordering.go_on,
        ),
        e.ChangeClosed: (h.exchanging.call_off,),
        e.CreditReturned: (h.refunding.refund_credit,),
        e.RefundApproved: (h.refunding.refund_complaint,),
        e.RefundDropped: (h.complaining.refund_dropped,),
        e.InstructionSettled: (
            h.refunding.release,
            h.complaining.refund_landed,
            h.segmenting.note_refund,
        ),
        e.InstructionFailed: (h.refunding.drop, h.complaining.refund_failed),
        # the way
        e.DeliveryCreated: (h.grouping.wait, plan, h.searching.look_for_courier),
        e.RoutePlanned: (leg,),
        e.DeliveryOffered: (h.delivering.await_answer,),
        e.OfferAccepted: (leg,),
        e.DeliveryUnassigned: (
            h.grouping.keep_together,
            leg,
            plan,
            h.searching.look_for_courier,
        ),
        e.CourierArrived: (h.riding.measure,),
        e.DeliveryPickedUp: (h.ordering.hand_over, leg, plan),
        e.DeliveryCompleted: (h.ordering.fulfill, h.paying.pay_courier, leg, plan),
        e.DeliveryFailed: (h.grouping.leave, leg, plan),
        e.DeliveryStranded: (plan,),
        e.DeliveryRecalled: (plan,),
        e.DeliveryReturned: (
            h.reattempting.take_back,
            h.returning.receive_fetched,
            h.paying.pay_for_fetching,
            leg,
            plan,
        ),
        e.DeliveryCancelled: (leg, plan, h.searching.look_for_courier),
        e.OrderGrouped: (h.grouping.gather, plan),
        e.OrderLeftGroup: (plan,),
        e.GroupDissolved: (plan,),
        e.ShiftStarted: (plan,),
        e.ShiftEnded: (h.delivering.clear_route, h.grouping.part, plan),
        e.BreakPlanned: (h.delivering.take_back_offers, plan),
        e.ReadyTimeChanged: (plan, h.searching.prolong),
        e.OrderReady: (h.collecting.await_customer, plan),
    }
