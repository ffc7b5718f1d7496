"""What somebody may ask for and hear of. Everything not in the tables is refused."""

from gateway import messages as m
from gateway.codes import Refusal
from gateway.messages import Feed, Role
from gateway.tokens import Identity

LOOKING_AT_PROMOTIONS = frozenset({m.GetPromotion, m.ListPromotions, m.GetCoupon})
SELLING_FOR_LESS = LOOKING_AT_PROMOTIONS | {
    m.DefinePromotion,
    m.EndPromotion,
    m.IssueCoupons,
    m.WithdrawCoupon,
}
KNOWING_CUSTOMERS = frozenset(
    {
        m.SetConsent,
        m.ForgetCustomer,
        m.GetCustomer,
        m.ListPurchases,
        m.SaveProfile,
        m.GetProfile,
        m.FindCustomers,
        m.SaveAddress,
        m.RemoveAddress,
        m.ListConsents,
        m.ExportCustomer,
        m.OpenComplaint,
        m.AnswerComplaint,
        m.CloseComplaint,
        m.GetComplaint,
        m.ListComplaints,
        m.RecordInteraction,
        m.ListInteractions,
        m.GetRatings,
        m.Recommend,
        m.GetTimeline,
    }
)
CAMPAIGNING = LOOKING_AT_PROMOTIONS | {
    m.SetSegmentation,
    m.GetSegmentation,
    m.ListSegmentMembers,
    m.LaunchCampaign,
    m.StopCampaign,
    m.GetCampaign,
    m.ListCampaigns,
}
CHANGING = frozenset(  # fulfilled orders
    {
        m.PreviewChange,
        m.ConfirmChange,
        m.WithdrawChange,
        m.FetchReturn,
        m.GetChange,
        m.ListChanges,
    }
)
LOOKING = frozenset(  # at orders, stores and what they sell
    {
        m.GetOrder,
        m.SearchOrders,
        m.CountOrders,
        m.ListStores,
        m.GetStoreHours,
        m.GetDeliveryArea,
        m.ListProducts,
        m.ListCategories,
        m.ListCoupons,
        m.SearchProducts,
    }
)
HOOKING = frozenset(
    {
        m.SetWebhook,
        m.RotateWebhookSecret,
        m.RemoveWebhook,
        m.ListWebhooks,
        m.ListDeadLetters,
        m.RedriveWebhook,
    }
)
STORE_KEEPING = frozenset(
    {
        m.AcceptOrder,
        m.RejectOrder,
        m.UpdateReadyTime,
        m.ReportReady,
        m.LabelOrder,
        m.ReportMissing,
        m.ProposeSubstitute,
        m.ReceiveReturn,
        m.ReportCollection,
        m.ReceiveChange,
        m.GetChange,
        m.ListExpected,
        m.SearchOrders,
        m.CountOrders,
        m.OpenStore,
        m.CloseStore,
        m.SetStoreHours,
        m.PauseStore,
        m.SetBusyMode,
        m.GetStoreHours,
        m.GetDeliveryArea,
        m.SetPrice,
        m.WithdrawPrices,
        m.GetPriceHistory,
        m.ListInStore,
        m.DelistInStore,
        m.ReceiveStock,
        m.CountStock,
        m.SetSafetyStock,
        m.RecordSale,
        m.RecordReceipt,
        m.ReconcileTill,
        m.RefundReceipt,
        m.AdjustStock,
        m.QuarantineStock,
        m.RestoreStock,
        m.DiscardStock,
        m.RequestTransfer,
        m.ApproveTransfer,
        m.DiscardTransfer,
        m.ShipTransfer,
        m.ReceiveTransfer,
        m.DraftPurchase,
        m.OrderPurchase,
        m.DiscardPurchase,
        m.ReceivePurchase,
        m.SetReorderPoint,
        m.ListSupply,
        m.ListReorderPoints,
        m.ClockIn,
        m.ClockOut,
        m.CorrectTimecard,
        m.DraftDuty,
        m.DropDuty,
        m.EndBreak,
        m.ListRoster,
        m.ListTimecards,
        m.PublishRoster,
        m.RecordTimecard,
        m.StartBreak,
        m.ListStock,
        m.ListMovements,
        m.GetStoreAnalytics,
        m.GetCoverage,
    }
)
DISPATCHING = frozenset(  # couriers: a fleet its own, operators everybody
    {
        m.RegisterCourier,
        m.ChangeCourier,
        m.AdmitCourier,
        m.TakeOffShift,
        m.PlanShift,
        m.DropShift,
        m.ListShifts,
        m.GetDelivery,
        m.GetFleetWork,
    }
)
MAY_ASK: dict[Role, frozenset[type]] = {
    "order_service": KNOWING_CUSTOMERS
    | CHANGING
    | LOOKING
    | HOOKING
    | frozenset(
        {
            m.RegisterCustomer,
            m.RequestQuote,
            m.PlaceOrder,
            m.EditLines,
            m.EditDropoff,
            m.AcceptSubstitute,
            m.DeclineSubstitute,
            m.RenewProof,
            m.CancelOrder,
            m.RequestRedelivery,
            m.AddTip,
            m.PayOtherwise,
            m.GetPayment,
            m.StartPayment,
            m.CreateTrackingLink,
            m.RateOrder,
        }
    ),
    "store": STORE_KEEPING | SELLING_FOR_LESS | HOOKING,
    "courier": frozenset(
        {
            m.StartShift,
            m.TakeBreak,
            m.EndShift,
            m.GetWay,
            m.AcceptOffer,
            m.DeclineOffer,
            m.ReportArrival,
            m.ReportPickup,
            m.ReportDropoff,
            m.ReportFailure,
            m.ReportBreakdown,
            m.ListShifts,
        }
    ),
    "tracker": frozenset(),
    "monitor": frozenset(),
    "fleet": DISPATCHING,
    "payment_provider": frozenset({m.ReportAuthorization, m.ReportInstruction}),
    "customer": frozenset({m.Track}),
    "operator": SELLING_FOR_LESS
    | CHANGING
    | LOOKING
    | HOOKING
    | KNOWING_CUSTOMERS
    | CAMPAIGNING
    | DISPATCHING
    | frozenset(
        {
            m.RegisterStore,
            m.ChangeStore,
            m.RegisterCustomer,
            m.ListProduct,
            m.DelistProduct,
            m.RepairStock,
            m.InspectStock,
            m.InspectMovements,
            m.InspectSupply,
            m.ArrangeTransfer,
            m.ApproveTransfer,
            m.DiscardTransfer,
            m.OrderPurchase,
            m.DiscardPurchase,
            m.DefineCategory,
            m.GetPriceHistory,
            m.AssignDelivery,
            m.GroupOrders,
            m.DissolveGroup,
            m.CancelOrder,
            m.RequestRedelivery,
            m.RefundOrder,
            m.WaiveReturn,
            m.GetPayment,
            m.StartPayment,
            m.EndorseRefund,
            m.DeclineRefund,
            m.InstructAgain,
            m.ListFailedInstructions,
            m.ListRefunds,
            m.HandInCash,
            m.ListCash,
            m.ListReconciliations,
            m.ListDifferences,
            m.ResolveDifference,
            m.ChangeSettings,
            m.SetDeliveryArea,
            m.GetSettings,
            m.ExplainOrder,
            m.StartFork,
            m.GetFork,
            m.GetAnalytics,
            m.GetCoverage,
            m.GetHeatMap,
            m.GetTrail,
            m.GetWay,
            m.RevokeAccess,
            m.SetStanding,
            m.ApproveRefund,
        }
    ),
    "crm": KNOWING_CUSTOMERS
    | CAMPAIGNING
    | HOOKING
    | frozenset({m.GetOrder, m.ListStores, m.ListProducts}),
}
MAY_HEAR: dict[Role, frozenset[Feed]] = {
    "order_service": frozenset({"orders"}),
    "store": frozenset({"tickets", "stock", "staff"}),
    "courier": frozenset({"route"}),
    "tracker": frozenset(),
    "monitor": frozenset(),
    "fleet": frozenset({"fleet"}),
    "payment_provider": frozenset({"payments"}),
    "customer": frozenset({"tracking"}),
    "operator": frozenset({"city", "stock", "crm"}),
    "crm": frozenset({"crm"}),
}


def check_may_ask(identity: Identity, body: object) -> None:
    """Raises Refusal("forbidden")."""
    if type(body) not in MAY_ASK[identity.role]:
        raise Refusal("forbidden")


def check_may_hear(identity: Identity, feed: Feed) -> None:
    """Raises Refusal("unknown_feed")."""
    if feed not in MAY_HEAR[identity.role]:
        raise Refusal("unknown_feed", detail={"feed": feed})


def subject_heard(identity: Identity) -> str:
    """Whose news this is: one's own, but operators hear of the whole city."""
    return "" if identity.role in ("operator", "crm") else identity.subject
