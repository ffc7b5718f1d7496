"""command -> the one handler that decides it."""

from collections.abc import Callable
from typing import Any

from engine import commands as c
from engine.turn import Turn
from engine.wiring.handlers import Handlers

Handle = Callable[[Turn, Any], None]


def handler_of(h: Handlers) -> dict[type[c.Command], Handle]:
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
        c.SetConsent: h.supporting.set_consent,
        c.SetStanding: h.supporting.set_standing,
        c.ForgetCustomer: h.supporting.forget_customer,
        c.SetSegmentation: h.segmenting.set_segmentation,
        c.ReviewCustomer: h.segmenting.review_customer,
        c.ReviewCustomers: h.segmenting.review_customers,
        c.ReceiveStock: h.stocking.receive_stock,
        c.CountStock: h.stocking.count_stock,
        c.SetSafetyStock: h.stocking.set_safety_stock,
        c.RecordSale: h.stocking.record_sale,
        c.AdjustStock: h.stocking.adjust_stock,
        c.QuarantineStock: h.stocking.quarantine_stock,
        c.RestoreStock: h.stocking.restore_stock,
        c.DiscardStock: h.stocking.discard_stock,
        c.RequestQuote: h.quoting.request_quote,
        c.PlaceOrder: h.ordering.place_order,
        c.AskStore: h.ordering.ask_store,
        c.RenewProof: h.ordering.renew_proof,
        c.CancelOrder: h.ordering.cancel_order,
        c.ReportAuthorization: h.paying.report_authorization,
        c.ReportInstruction: h.paying.report_instruction,
        c.RefundOrder: h.paying.refund_order,
        c.AddTip: h.tipping.add_tip,
        c.HandInCash: h.cashing.hand_in_cash,
        c.ExpirePayment: h.paying.expire_payment,
        c.AcceptOrder: h.preparing.accept_order,
        c.RejectOrder: h.preparing.reject_order,
        c.UpdateReadyTime: h.preparing.update_ready_time,
        c.ReportReady: h.preparing.report_ready,
        c.ReportMissing: h.preparing.report_missing,
        c.ReceiveReturn: h.preparing.receive_return,
        c.ExpireAcceptance: h.preparing.expire_acceptance,
        c.ReportCollection: h.collecting.report_collection,
        c.ExpireCollection: h.collecting.expire_collection,
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
