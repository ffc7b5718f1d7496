"""Every request the engine understands. Imperative mood; one handler each.

A module here per handler. `ExternalCommand` is what the gateway may submit for somebody
outside; who may submit which is gateway/auth.py's table.
"""

from engine.commands.archiving import ArchiveOrders
from engine.commands.campaigning import (
    ConcludeCampaign,
    ContinueCampaign,
    LaunchCampaign,
    StopCampaign,
)
from engine.commands.collecting import ExpireCollection, ReportCollection
from engine.commands.command import Command
from engine.commands.complaining import (
    AnswerComplaint,
    ApproveRefund,
    CloseComplaint,
    EscalateComplaint,
    ExpireComplaint,
    OpenComplaint,
)
from engine.commands.delivering import (
    AcceptOffer,
    ChangeCourier,
    DeclineOffer,
    EndShift,
    ExpireOffer,
    ExpireSearch,
    RegisterCourier,
    ReportArrival,
    ReportBreakdown,
    ReportDropoff,
    ReportFailure,
    ReportPickup,
    StartShift,
    TakeBreak,
)
from engine.commands.dispatching import (
    AdoptPlan,
    AssignDelivery,
    ClosePlanningRound,
    ImprovePlan,
    OpenPlanningRound,
    RepositionCourier,
    RouteLine,
)
from engine.commands.editing import EditDropoff, EditLines
from engine.commands.grouping import DissolveGroup, GroupOrders, ReviewGroup
from engine.commands.merchandising import (
    ChangeStore,
    CloseStore,
    DefineCategory,
    DelistInStore,
    DelistProduct,
    ListInStore,
    ListProduct,
    OpenStore,
    RegisterCustomer,
    RegisterStore,
    SetPrice,
    WithdrawPrices,
)
from engine.commands.opening import (
    ExpireBusyMode,
    ExpirePause,
    PauseStore,
    SetBusyMode,
    SetDeliveryArea,
    SetStoreHours,
)
from engine.commands.operating import ChangeSettings, OpenEngine, SetStreets, Tick
from engine.commands.ordering import AskStore, CancelOrder, PlaceOrder, RenewProof, RequestQuote
from engine.commands.paying import (
    AddTip,
    ExpirePayment,
    HandInCash,
    PayOtherwise,
    ReportAuthorization,
    ReportInstruction,
)
from engine.commands.preparing import (
    AcceptOrder,
    ExpireAcceptance,
    LabelOrder,
    ReceiveReturn,
    RejectOrder,
    ReportMissing,
    ReportReady,
    UpdateReadyTime,
)
from engine.commands.promoting import (
    DefinePromotion,
    EndPromotion,
    IssueCoupons,
    WithdrawCoupon,
)
from engine.commands.purchasing import (
    DiscardPurchase,
    DraftPurchase,
    OrderPurchase,
    ReceivePurchase,
)
from engine.commands.rating import RateOrder
from engine.commands.reattempting import RequestRedelivery
from engine.commands.reconciling import (
    CloseReconciliation,
    OpenReconciliation,
    ReportBillLines,
    ResolveDifference,
)
from engine.commands.refunding import (
    DeclineRefund,
    EndorseRefund,
    InstructAgain,
    RefundOrder,
)
from engine.commands.replenishing import ReviewStock, SetReorderPoint
from engine.commands.returning import (
    ConfirmChange,
    ExpireChange,
    ExpirePreview,
    FetchReturn,
    PreviewChange,
    ReceiveChange,
    WaiveReturn,
    WithdrawChange,
)
from engine.commands.rostering import DropShift, PlanShift
from engine.commands.segmenting import ReviewCustomer, ReviewCustomers, SetSegmentation
from engine.commands.selling import ReconcileTill, RecordReceipt, RefundReceipt
from engine.commands.staffing import (
    ClockIn,
    ClockOut,
    CorrectTimecard,
    DraftDuty,
    DropDuty,
    EndBreak,
    ExpireTimecard,
    PublishRoster,
    RecordTimecard,
    StartBreak,
)
from engine.commands.stocking import (
    AdjustStock,
    CountStock,
    DiscardStock,
    QuarantineStock,
    ReceiveStock,
    RecordSale,
    RestoreStock,
    SetSafetyStock,
)
from engine.commands.substituting import (
    AcceptSubstitute,
    DeclineSubstitute,
    ExpireSubstitute,
    ProposeSubstitute,
)
from engine.commands.supporting import ForgetCustomer, RecordInteraction, SetConsent, SetStanding
from engine.commands.tracking import ReportPositions
from engine.commands.transferring import (
    ApproveTransfer,
    DiscardTransfer,
    ReceiveTransfer,
    RequestTransfer,
    ShipTransfer,
)

ExternalCommand = (
    RegisterStore
    | ChangeStore
    | OpenStore
    | CloseStore
    | SetStoreHours
    | PauseStore
    | SetBusyMode
    | SetDeliveryArea
    | ListProduct
    | DelistProduct
    | ListInStore
    | DelistInStore
    | DefineCategory
    | SetPrice
    | WithdrawPrices
    | RegisterCustomer
    | DefinePromotion
    | EndPromotion
    | IssueCoupons
    | WithdrawCoupon
    | ReceiveStock
    | CountStock
    | SetSafetyStock
    | RecordSale
    | RecordReceipt
    | ReconcileTill
    | RefundReceipt
    | AdjustStock
    | QuarantineStock
    | RestoreStock
    | DiscardStock
    | RequestTransfer
    | ApproveTransfer
    | DiscardTransfer
    | ShipTransfer
    | ReceiveTransfer
    | DraftPurchase
    | OrderPurchase
    | DiscardPurchase
    | ReceivePurchase
    | SetReorderPoint
    | DraftDuty
    | DropDuty
    | PublishRoster
    | ClockIn
    | ClockOut
    | StartBreak
    | EndBreak
    | RecordTimecard
    | CorrectTimecard
    | RequestQuote
    | PlaceOrder
    | RenewProof
    | CancelOrder
    | RequestRedelivery
    | EditLines
    | EditDropoff
    | ProposeSubstitute
    | AcceptSubstitute
    | DeclineSubstitute
    | PreviewChange
    | ConfirmChange
    | WithdrawChange
    | FetchReturn
    | ReceiveChange
    | WaiveReturn
    | AcceptOrder
    | RejectOrder
    | UpdateReadyTime
    | ReportReady
    | LabelOrder
    | ReportMissing
    | ReceiveReturn
    | ReportCollection
    | ReportAuthorization
    | ReportInstruction
    | RefundOrder
    | EndorseRefund
    | InstructAgain
    | DeclineRefund
    | AddTip
    | PayOtherwise
    | HandInCash
    | ResolveDifference
    | RegisterCourier
    | ChangeCourier
    | PlanShift
    | DropShift
    | StartShift
    | EndShift
    | TakeBreak
    | AcceptOffer
    | DeclineOffer
    | ReportArrival
    | ReportPickup
    | ReportDropoff
    | ReportFailure
    | ReportBreakdown
    | ReportPositions
    | AssignDelivery
    | GroupOrders
    | DissolveGroup
    | ChangeSettings
    | SetConsent
    | SetStanding
    | ForgetCustomer
    | SetSegmentation
    | RecordInteraction
    | OpenComplaint
    | AnswerComplaint
    | ApproveRefund
    | CloseComplaint
    | RateOrder
    | LaunchCampaign
    | StopCampaign
)
TimerCommand = (  # only timers submit these
    OpenPlanningRound
    | ClosePlanningRound
    | AskStore
    | ExpirePreview
    | ExpireSubstitute
    | ExpireChange
    | ExpirePayment
    | ExpireAcceptance
    | ExpireCollection
    | ExpireOffer
    | ExpireSearch
    | ReviewGroup
    | ExpirePause
    | ReviewStock
    | ExpireTimecard
    | ExpireBusyMode
    | ReviewCustomer
    | ReviewCustomers
    | EscalateComplaint
    | ExpireComplaint
    | ContinueCampaign
    | ConcludeCampaign
    | ArchiveOrders
)
BillCommand = (  # from a bill that the gateway has read
    OpenReconciliation | ReportBillLines | CloseReconciliation
)
InternalCommand = (  # the gateway never decodes these
    Tick
    | OpenEngine
    | SetStreets
    | AdoptPlan
    | ImprovePlan
    | RepositionCourier
    | BillCommand
    | TimerCommand
)
AnyCommand = ExternalCommand | InternalCommand
