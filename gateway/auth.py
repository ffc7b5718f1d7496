"""Who somebody is, and what he may ask for. Tokens are signed one way only; everything not in the
tables is refused."""

import base64
import hmac
from hashlib import sha256
from pathlib import Path

import msgspec
from msgspec import Struct

from gateway import messages as m
from gateway.codes import Refusal
from gateway.messages import Feed, Role
from gateway.secret_files import SECRET_BYTES, kept_secret

VERSION = "o2o1"
AUDIENCE = "o2o-gateway"
SECRET_ENV = "O2O_SECRET"
LEEWAY_S = 5  # between our clock and that of another machine that mints

MINUTE_S, HOUR_S = 60, 3600
LIFE_MAX_S: dict[Role, int] = {
    "courier": 15 * MINUTE_S,
    "tracker": 30 * 24 * HOUR_S,  # a device that can only say where it is
    "order_service": 15 * MINUTE_S,
    "store": 15 * MINUTE_S,
    "payment_provider": 15 * MINUTE_S,
    "operator": 12 * HOUR_S,  # a shift in front of the console
    "customer": 24 * HOUR_S,  # a tracking link
    "crm": 12 * HOUR_S,  # people who care for customers, and what they work with
}

SELLING_FOR_LESS = frozenset(
    {
        m.DefinePromotion,
        m.EndPromotion,
        m.IssueCoupons,
        m.WithdrawCoupon,
        m.GetPromotion,
        m.GetCoupon,
    }
)
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
CAMPAIGNING = frozenset(
    {
        m.SetSegmentation,
        m.GetSegmentation,
        m.GetPromotion,
        m.GetCoupon,
        m.LaunchCampaign,
        m.StopCampaign,
        m.GetCampaign,
        m.ListCampaigns,
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
    }
)
MAY_ASK: dict[Role, frozenset[type]] = {
    "order_service": KNOWING_CUSTOMERS
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
            m.PreviewChange,
            m.ConfirmChange,
            m.WithdrawChange,
            m.FetchReturn,
            m.GetChange,
            m.ListChanges,
            m.AddTip,
            m.GetPayment,
            m.StartPayment,
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
            m.AcceptOffer,
            m.DeclineOffer,
            m.ReportArrival,
            m.ReportPickup,
            m.ReportDropoff,
            m.ReportFailure,
            m.ReportBreakdown,
        }
    ),
    "tracker": frozenset(),
    "payment_provider": frozenset({m.ReportAuthorization, m.ReportInstruction}),
    "customer": frozenset({m.Track}),
    "operator": SELLING_FOR_LESS
    | HOOKING
    | KNOWING_CUSTOMERS
    | CAMPAIGNING
    | frozenset(
        {
            m.RegisterStore,
            m.RegisterCourier,
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
            m.CancelOrder,
            m.RequestRedelivery,
            m.PreviewChange,
            m.ConfirmChange,
            m.WithdrawChange,
            m.FetchReturn,
            m.GetChange,
            m.ListChanges,
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
            m.GetHeatMap,
            m.GetTrail,
            m.RevokeAccess,
            m.GetOrder,
            m.SearchOrders,
            m.CountOrders,
            m.ListStores,
            m.GetStoreHours,
            m.GetDeliveryArea,
            m.ListCategories,
            m.ListCoupons,
            m.SearchProducts,
            m.ListProducts,
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
    "payment_provider": frozenset({"payments"}),
    "customer": frozenset({"tracking"}),
    "operator": frozenset({"city", "stock", "crm"}),
    "crm": frozenset({"crm"}),
}


class Identity(Struct, frozen=True):
    """Who speaks on a connection, until when (seconds since the epoch)."""

    role: Role
    subject: str
    expires_at_s: int
    issued_at_s: int = 0

    @property
    def name(self) -> str:
        """The same for every token of the same party: what limits and request keys go by."""
        return f"{self.role}:{self.subject}"


class Claims(Struct, frozen=True, forbid_unknown_fields=True):
    aud: str
    role: Role
    sub: str
    iat: int
    exp: int


_claims = msgspec.json.Decoder(Claims).decode


class Tokens:
    """Mints and reads tokens: version.claims.signature, HMAC-SHA256 over the first two.

    The algorithm is no part of a token, so a token cannot choose it.
    """

    def __init__(self, secret: bytes, audience: str = AUDIENCE) -> None:
        if len(secret) < SECRET_BYTES:
            raise ValueError(f"a secret has at least {SECRET_BYTES} bytes")
        self._secret = secret
        self._audience = audience

    def mint(self, role: Role, subject: str, ttl_s: int, now_s: int) -> str:
        """A token for `subject`, from now on. Raises ValueError if it would live too long."""
        if not 0 < ttl_s <= LIFE_MAX_S[role]:
            raise ValueError(f"a token for a {role} lives at most {LIFE_MAX_S[role]} s")
        claims = Claims(self._audience, role, subject, now_s, now_s + ttl_s)
        signed = f"{VERSION}.{_base64(msgspec.json.encode(claims))}"
        return f"{signed}.{_base64(self._signature(signed))}"

    def read(self, token: str, now_s: int) -> Identity:
        """Raises Refusal: `unauthenticated`, or `token_expired` if it was once valid."""
        signed, _, signature = token.rpartition(".")
        version, _, body = signed.partition(".")
        expected = _base64(self._signature(signed))
        # Compared as text: base64 that decodes to the same bytes is another token.
        genuine = hmac.compare_digest(expected.encode(), signature.encode(errors="replace"))
        if not genuine or version != VERSION:
            raise Refusal("unauthenticated")
        claims = _read(body)
        life = claims.exp - claims.iat
        fresh = claims.iat <= now_s + LEEWAY_S and 0 < life <= LIFE_MAX_S[claims.role]
        if claims.aud != self._audience or not fresh:
            raise Refusal("unauthenticated")
        if now_s >= claims.exp:
            raise Refusal("token_expired")
        return Identity(claims.role, claims.sub, claims.exp, claims.iat)

    def _signature(self, signed: str) -> bytes:
        return hmac.digest(self._secret, signed.encode(errors="replace"), sha256)


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


def load_secret(folder: Path) -> bytes:
    """From the environment, or from a file only its owner can read, made at the first start.

    Raises PermissionError if others could read it.
    """
    return kept_secret(folder / "secret", SECRET_ENV)


def _read(body: str) -> Claims:
    """Even what is signed may be of another shape: by an older or a careless minter."""
    try:
        return _claims(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (msgspec.MsgspecError, ValueError):
        raise Refusal("unauthenticated") from None


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
