"""What clients may ask for: the bodies of `request`. Who may send which: gateway/auth.py.

Nobody says who he is in a body: courier, store, service and provider are taken from the token.
"""

from gateway.messages.requests.analyzing import (
    AnalyzingRequest,
    GetAnalytics,
    GetCoverage,
    GetHeatMap,
    GetStoreAnalytics,
)
from gateway.messages.requests.campaigning import (
    GetCampaign,
    LaunchCampaign,
    ListCampaigns,
    StopCampaign,
)
from gateway.messages.requests.carrying import (
    AcceptOffer,
    CarryingRequest,
    DeclineOffer,
    EndShift,
    ReportArrival,
    ReportBreakdown,
    ReportDropoff,
    ReportFailure,
    ReportPickup,
    StartShift,
    TakeBreak,
)
from gateway.messages.requests.complaining import (
    AnswerComplaint,
    ApproveRefund,
    CloseComplaint,
    GetComplaint,
    GetRatings,
    ListComplaints,
    ListInteractions,
    OpenComplaint,
    RateOrder,
    RecordInteraction,
)
from gateway.messages.requests.confiding import (
    ExportCustomer,
    FindCustomers,
    GetProfile,
    ListConsents,
    RemoveAddress,
    SaveAddress,
    SaveProfile,
)
from gateway.messages.requests.dispatching import (
    AdmitCourier,
    DispatchingRequest,
    DropShift,
    GetDelivery,
    GetFleetWork,
    ListShifts,
    PlanShift,
)
from gateway.messages.requests.editing import (
    AcceptSubstitute,
    DeclineSubstitute,
    EditDropoff,
    EditLines,
    ProposeSubstitute,
)
from gateway.messages.requests.forking import GetFork, StartFork
from gateway.messages.requests.grouping import DissolveGroup, GroupingRequest, GroupOrders
from gateway.messages.requests.hooking import (
    HookingRequest,
    ListDeadLetters,
    ListWebhooks,
    RedriveWebhook,
    RemoveWebhook,
    RotateWebhookSecret,
    SetWebhook,
)
from gateway.messages.requests.merchandising import (
    DefineCategory,
    GetPriceHistory,
    ListCategories,
    SearchProducts,
)
from gateway.messages.requests.opening import (
    GetDeliveryArea,
    GetStoreHours,
    OpeningRequest,
    PauseStore,
    SetBusyMode,
    SetDeliveryArea,
    SetStoreHours,
)
from gateway.messages.requests.operating import (
    AssignDelivery,
    ChangeCourier,
    ChangeSettings,
    ChangeStore,
    DelistProduct,
    ExplainOrder,
    GetSettings,
    ListProduct,
    RegisterCourier,
    RegisterStore,
    RevokeAccess,
    TakeOffShift,
)
from gateway.messages.requests.ordering import (
    CancelOrder,
    CreateTrackingLink,
    GetOrder,
    Instead,
    ListProducts,
    ListStores,
    PlaceOrder,
    RegisterCustomer,
    RenewProof,
    RequestQuote,
    RequestRedelivery,
)
from gateway.messages.requests.paying import (
    AddTip,
    GetPayment,
    HandInCash,
    ListCash,
    PayOtherwise,
    ReportAuthorization,
    ReportInstruction,
    StartPayment,
)
from gateway.messages.requests.promoting import (
    DefinePromotion,
    EndPromotion,
    GetCoupon,
    GetPromotion,
    IssueCoupons,
    ListCoupons,
    ListPromotions,
    WithdrawCoupon,
)
from gateway.messages.requests.recommending import Recommend
from gateway.messages.requests.reconciling import (
    ListDifferences,
    ListReconciliations,
    ResolveDifference,
)
from gateway.messages.requests.refunding import (
    DeclineRefund,
    EndorseRefund,
    InstructAgain,
    ListFailedInstructions,
    ListRefunds,
    RefundOrder,
)
from gateway.messages.requests.returning import (
    ConfirmChange,
    FetchReturn,
    GetChange,
    ListChanges,
    ListExpected,
    PreviewChange,
    ReceiveChange,
    WaiveReturn,
    WithdrawChange,
)
from gateway.messages.requests.searching import CountOrders, SearchOrders
from gateway.messages.requests.selling import (
    ReconcileTill,
    RecordReceipt,
    RefundReceipt,
    SoldLine,
    SoldReceipt,
)
from gateway.messages.requests.staffing import (
    ClockIn,
    ClockOut,
    CorrectTimecard,
    DraftDuty,
    DropDuty,
    EndBreak,
    ListRoster,
    ListTimecards,
    PublishRoster,
    RecordTimecard,
    StaffingRequest,
    StartBreak,
)
from gateway.messages.requests.stocking import (
    AdjustStock,
    DiscardStock,
    InspectMovements,
    InspectStock,
    ListMovements,
    QuarantineStock,
    RepairStock,
    RestoreStock,
)
from gateway.messages.requests.storekeeping import (
    AcceptOrder,
    CloseStore,
    CountStock,
    DelistInStore,
    LabelOrder,
    ListInStore,
    ListStock,
    OpenStore,
    ReceiveReturn,
    ReceiveStock,
    RecordSale,
    RejectOrder,
    ReportCollection,
    ReportMissing,
    ReportReady,
    SetPrice,
    SetSafetyStock,
    UpdateReadyTime,
    WithdrawPrices,
)
from gateway.messages.requests.supplying import (
    ApproveTransfer,
    ArrangeTransfer,
    DiscardPurchase,
    DiscardTransfer,
    DraftPurchase,
    InspectSupply,
    ListReorderPoints,
    ListSupply,
    OrderPurchase,
    ReceivePurchase,
    ReceiveTransfer,
    RequestTransfer,
    SetReorderPoint,
    ShipTransfer,
)
from gateway.messages.requests.supporting import (
    ForgetCustomer,
    GetCustomer,
    GetSegmentation,
    GetTimeline,
    ListPurchases,
    ListSegmentMembers,
    SetConsent,
    SetSegmentation,
    SetStanding,
    SupportingRequest,
)
from gateway.messages.requests.tracking import GetTrail, GetWay, Track

RequestBody = (
    RegisterCustomer
    | RequestQuote
    | PlaceOrder
    | RenewProof
    | CancelOrder
    | RequestRedelivery
    | EditLines
    | EditDropoff
    | AcceptSubstitute
    | DeclineSubstitute
    | ProposeSubstitute
    | PreviewChange
    | ConfirmChange
    | WithdrawChange
    | FetchReturn
    | ReceiveChange
    | WaiveReturn
    | GetChange
    | ListChanges
    | ListExpected
    | GetOrder
    | SearchOrders
    | CountOrders
    | ListStores
    | ListProducts
    | CreateTrackingLink
    | AcceptOrder
    | RejectOrder
    | UpdateReadyTime
    | ReportReady
    | LabelOrder
    | ReportMissing
    | ReceiveReturn
    | ReportCollection
    | OpenStore
    | CloseStore
    | OpeningRequest
    | SetPrice
    | WithdrawPrices
    | ListInStore
    | DelistInStore
    | ReceiveStock
    | CountStock
    | SetSafetyStock
    | RecordSale
    | ListStock
    | RecordReceipt
    | ReconcileTill
    | RefundReceipt
    | AdjustStock
    | RepairStock
    | QuarantineStock
    | RestoreStock
    | DiscardStock
    | ListMovements
    | InspectMovements
    | InspectStock
    | StaffingRequest
    | ApproveTransfer
    | ArrangeTransfer
    | DiscardPurchase
    | DiscardTransfer
    | DraftPurchase
    | InspectSupply
    | ListReorderPoints
    | ListSupply
    | OrderPurchase
    | ReceivePurchase
    | ReceiveTransfer
    | RequestTransfer
    | SetReorderPoint
    | ShipTransfer
    | CarryingRequest
    | DispatchingRequest
    | ReportAuthorization
    | ReportInstruction
    | AddTip
    | PayOtherwise
    | GetPayment
    | StartPayment
    | HandInCash
    | ListCash
    | ListReconciliations
    | ListDifferences
    | ResolveDifference
    | RegisterStore
    | ChangeStore
    | ListProduct
    | DelistProduct
    | DefineCategory
    | GetPriceHistory
    | ListCategories
    | SearchProducts
    | DefinePromotion
    | EndPromotion
    | IssueCoupons
    | WithdrawCoupon
    | GetPromotion
    | GetCoupon
    | ListCoupons
    | ListPromotions
    | RegisterCourier
    | ChangeCourier
    | TakeOffShift
    | AssignDelivery
    | GroupingRequest
    | RefundOrder
    | EndorseRefund
    | InstructAgain
    | DeclineRefund
    | ListRefunds
    | ListFailedInstructions
    | ChangeSettings
    | GetSettings
    | ExplainOrder
    | StartFork
    | GetFork
    | RevokeAccess
    | AnalyzingRequest
    | Track
    | SupportingRequest
    | SaveProfile
    | GetProfile
    | FindCustomers
    | SaveAddress
    | RemoveAddress
    | ListConsents
    | ExportCustomer
    | OpenComplaint
    | AnswerComplaint
    | ApproveRefund
    | CloseComplaint
    | GetComplaint
    | ListComplaints
    | RateOrder
    | GetRatings
    | RecordInteraction
    | ListInteractions
    | LaunchCampaign
    | StopCampaign
    | GetCampaign
    | ListCampaigns
    | Recommend
    | GetTrail
    | GetWay
    | HookingRequest
)
