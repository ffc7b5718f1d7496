"""Every fact. Past tense; one owning state module each, and a module here per owner."""

from engine.events.bargains import (
    Amendment,
    EditDropped,
    EditRequested,
    OrderEdited,
    SubstituteAccepted,
    SubstituteDropped,
    SubstituteProposed,
)
from engine.events.campaigns import (
    CampaignAssigned,
    CampaignEnded,
    CampaignIssued,
    CampaignLaunched,
    CampaignMeasured,
)
from engine.events.catalog import (
    CategoryDefined,
    CustomerRegistered,
    PriceSet,
    PricesWithdrawn,
    ProductDelisted,
    ProductDelistedInStore,
    ProductListed,
    ProductListedInStore,
    StoreClosed,
    StoreOpened,
    StoreRegistered,
)
from engine.events.changes import (
    ChangeClosed,
    ChangeConfirmed,
    ChangeExchanged,
    ChangePreviewed,
    ChangeReceived,
    CreditReturned,
    ExchangeDropped,
    ReturnFetched,
    ReturnMissed,
)
from engine.events.complaints import (
    ComplaintAnswered,
    ComplaintClosed,
    ComplaintEscalated,
    ComplaintOpened,
    RefundApproved,
    RefundMissed,
)
from engine.events.couriers import (
    BreakPlanned,
    CourierChanged,
    CourierEvent,
    CourierRegistered,
    CourierRepositioned,
    PositionsReported,
    ShiftEnded,
    ShiftStarted,
    WaitEnded,
)
from engine.events.customers import (
    ConsentSet,
    CustomerForgotten,
    CustomerPurchased,
    CustomerRefunded,
    CustomerSegmented,
    CustomersReviewed,
    InteractionRecorded,
    ReviewPlanned,
    SegmentationSet,
    StandingSet,
)
from engine.events.deliveries import (
    CourierArrived,
    DeliveriesArchived,
    DeliveryCancelled,
    DeliveryCompleted,
    DeliveryCreated,
    DeliveryEvent,
    DeliveryFailed,
    DeliveryOffered,
    DeliveryPickedUp,
    DeliveryRecalled,
    DeliveryReturned,
    DeliveryStranded,
    DeliveryUnassigned,
    LegStarted,
    OfferAccepted,
    RoutePlanned,
    RouteSkipped,
    SaidByCouriers,
    SearchProlonged,
)
from engine.events.event import CommandRejected, Event
from engine.events.groups import GroupDissolved, GroupEvent, OrderGrouped, OrderLeftGroup
from engine.events.inventory import (
    SafetyStockSet,
    StockAdjusted,
    StockArrived,
    StockBroughtBack,
    StockCounted,
    StockDiscarded,
    StockExpected,
    StockIssued,
    StockNotComing,
    StockQuarantined,
    StockReceived,
    StockReleased,
    StockReserved,
    StockRestored,
    StockReturned,
    StockShipped,
    StockShortfall,
    StockSold,
)
from engine.events.occurrence import happened_at as happened_at
from engine.events.operation import (
    EngineOpened,
    PlanningRequested,
    PlanningRoundClosed,
    PlanningRoundOpened,
    SettingsChanged,
    SettingsProposed,
    StreetsSet,
    TimerFired,
    TimerSet,
)
from engine.events.orders import (
    ArchivingPlanned,
    ItemsMissing,
    OrderAccepted,
    OrderCancelled,
    OrderConfirmed,
    OrderFulfilled,
    OrderGivenUp,
    OrderHandedOver,
    OrderLabelled,
    OrderMoved,
    OrderPlaced,
    OrderReady,
    OrderReattempted,
    OrderRecalled,
    OrderReduced,
    OrderReturned,
    OrdersArchived,
    OrderScheduled,
    OrderWrittenOff,
    PreparationMeasured,
    ProofMissed,
    ProofRenewed,
    QuoteAccepted,
    QuoteOffered,
    ReadyTimeChanged,
    RedeliveryRequested,
    ShortageRemedied,
    StoreAsked,
)
from engine.events.payments import (
    CashHandedIn,
    InstructionFailed,
    InstructionIssued,
    InstructionSettled,
    LedgerPosted,
    PaymentAuthorized,
    PaymentFailed,
    PaymentReplaced,
    PaymentRequested,
    PaymentsArchived,
    PaymentWithdrawn,
)
from engine.events.promises import PromiseMeasured
from engine.events.promotions import (
    CouponsIssued,
    CouponWithdrawn,
    DiscountsGivenBack,
    DiscountsRedeemed,
    DiscountsReserved,
    PromotionDefined,
    PromotionEnded,
)
from engine.events.ratings import OrderRated
from engine.events.receipts import ReceiptRecorded, ReceiptRefunded
from engine.events.reconciliations import (
    BillLinesRead,
    DifferenceFound,
    DifferenceResolved,
    MoneyMoved,
    ReconciliationClosed,
    ReconciliationEvent,
    ReconciliationOpened,
)
from engine.events.refunds import RefundDropped, RefundEndorsed, RefundProposed, RefundReleased
from engine.events.rides import RideMeasured
from engine.events.shifts import ShiftDropped, ShiftPlanned
from engine.events.staff import (
    BreakEnded,
    BreakStarted,
    DutyDrafted,
    DutyDropped,
    RosterPublished,
    TimecardClosed,
    TimecardCorrected,
    TimecardOpened,
    TimecardRecorded,
)
from engine.events.stores import (
    AreaDrawn,
    StoreBusySet,
    StoreChanged,
    StoreHoursSet,
    StorePaused,
    StoreResumed,
)
from engine.events.supply import (
    DemandMeasured,
    PurchaseClosed,
    PurchaseDiscarded,
    PurchaseDrafted,
    PurchaseOrdered,
    PurchaseReceived,
    ReorderPointSet,
    ReorderPostponed,
    StockReviewPlanned,
    TransferApproved,
    TransferDiscarded,
    TransferReceived,
    TransferRequested,
    TransferShipped,
)

AnyEvent = (
    CommandRejected
    | EngineOpened
    | SettingsChanged
    | SettingsProposed
    | StreetsSet
    | TimerSet
    | TimerFired
    | StoreRegistered
    | StoreOpened
    | StoreClosed
    | StoreHoursSet
    | StorePaused
    | StoreResumed
    | StoreBusySet
    | StoreChanged
    | AreaDrawn
    | PreparationMeasured
    | PromiseMeasured
    | RideMeasured
    | ProductListed
    | ProductDelisted
    | ProductListedInStore
    | ProductDelistedInStore
    | CategoryDefined
    | PriceSet
    | PricesWithdrawn
    | CustomerRegistered
    | CustomerPurchased
    | CustomerRefunded
    | CustomerSegmented
    | CustomersReviewed
    | CustomerForgotten
    | ReviewPlanned
    | SegmentationSet
    | ConsentSet
    | StandingSet
    | InteractionRecorded
    | ComplaintOpened
    | ComplaintAnswered
    | ComplaintEscalated
    | RefundApproved
    | RefundMissed
    | ComplaintClosed
    | OrderRated
    | CampaignLaunched
    | CampaignAssigned
    | CampaignIssued
    | CampaignMeasured
    | CampaignEnded
    | PromotionDefined
    | PromotionEnded
    | CouponsIssued
    | CouponWithdrawn
    | DiscountsReserved
    | DiscountsRedeemed
    | DiscountsGivenBack
    | StockReceived
    | StockReserved
    | StockReleased
    | StockIssued
    | StockReturned
    | StockCounted
    | StockSold
    | SafetyStockSet
    | StockAdjusted
    | StockQuarantined
    | StockRestored
    | StockDiscarded
    | StockShortfall
    | StockBroughtBack
    | StockShipped
    | StockArrived
    | StockExpected
    | StockNotComing
    | TransferRequested
    | TransferApproved
    | TransferDiscarded
    | TransferShipped
    | TransferReceived
    | PurchaseDrafted
    | PurchaseOrdered
    | PurchaseDiscarded
    | PurchaseReceived
    | PurchaseClosed
    | ReorderPointSet
    | StockReviewPlanned
    | DemandMeasured
    | ReorderPostponed
    | DutyDrafted
    | DutyDropped
    | RosterPublished
    | TimecardOpened
    | BreakStarted
    | BreakEnded
    | TimecardClosed
    | TimecardRecorded
    | TimecardCorrected
    | ReceiptRecorded
    | ReceiptRefunded
    | QuoteOffered
    | QuoteAccepted
    | OrderPlaced
    | OrderScheduled
    | OrderConfirmed
    | StoreAsked
    | OrderAccepted
    | ReadyTimeChanged
    | OrderLabelled
    | OrderReady
    | ItemsMissing
    | OrderGivenUp
    | OrderReduced
    | OrderMoved
    | ShortageRemedied
    | OrderHandedOver
    | ProofMissed
    | ProofRenewed
    | EditRequested
    | OrderEdited
    | EditDropped
    | SubstituteProposed
    | SubstituteAccepted
    | SubstituteDropped
    | OrderRecalled
    | RedeliveryRequested
    | OrderReattempted
    | OrderFulfilled
    | OrderCancelled
    | OrderReturned
    | OrderWrittenOff
    | ArchivingPlanned
    | OrdersArchived
    | PaymentRequested
    | PaymentAuthorized
    | PaymentFailed
    | PaymentReplaced
    | PaymentWithdrawn
    | InstructionIssued
    | InstructionSettled
    | InstructionFailed
    | PaymentsArchived
    | CashHandedIn
    | LedgerPosted
    | ChangePreviewed
    | ChangeConfirmed
    | ReturnFetched
    | ReturnMissed
    | ChangeReceived
    | ChangeClosed
    | ChangeExchanged
    | ExchangeDropped
    | CreditReturned
    | RefundProposed
    | RefundEndorsed
    | RefundDropped
    | RefundReleased
    | MoneyMoved
    | ReconciliationEvent
    | CourierEvent
    | ShiftPlanned
    | ShiftDropped
    | DeliveryEvent
    | GroupEvent
    | PlanningRequested
    | PlanningRoundOpened
    | PlanningRoundClosed
)
