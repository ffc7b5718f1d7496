"""payments.toml in the data folder: which providers there are, and who we are to them.

A value `env:NAME` is read from the environment, `file:PATH` from a file beside; keys are PEM
files beside. Nothing in here is ever logged, and the file must be readable by its owner alone.
"""

import os
import tomllib
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from msgspec import Meta, Struct

from engine.values import PaymentMethod, ProviderId
from gateway.providers import FILE, alipay, alipay_holds, stripe, wechat
from gateway.providers.asking import Asking
from gateway.providers.keys import private_key, public_key
from gateway.providers.port import Provider

AppId = Annotated[str, Meta(min_length=1, max_length=32)]
Positive = Annotated[int, Meta(gt=0)]


class Table(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the file. Keys nobody knows are refused."""


class WebhookAddress(Table, frozen=True, kw_only=True):
    """Where notices are heard; `address` is how providers reach it: https, in earnest."""

    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535)] = 8081
    address: str

    def notify_url(self, provider: str) -> str:
        return f"{self.address.rstrip('/')}/webhooks/{provider}"


class WeChat(Table, frozen=True, kw_only=True):
    """`platform`: serial, or id of a public key, -> file; two while they are rotated.

    `appid` is for codes to scan; `appids` for each other way to pay, of those that are open to us.
    """

    mchid: str
    appid: str
    appids: dict[Literal["mini_program", "official_account", "app", "h5"], AppId] = {}
    serial: str
    key: str
    api_v3_key: str
    platform: dict[str, str]
    base_url: str = wechat.BASE_URL
    confirm_above_minor: Positive = 100_000


class Alipay(Table, frozen=True, kw_only=True):
    """`platform`: serial -> file; the serial is "" where plain public keys are used. `hold`: money
    is frozen first, and taken when it is earned; that takes another contract with Alipay.

    `methods`: other ways to pay than a code, of those we have contracts for; `mini_program`: the
    app id of ours, if customers pay in it.
    """

    app_id: str
    seller_id: str
    key: str
    platform: dict[str, str]
    gateway: str = alipay.GATEWAY
    confirm_above_minor: Positive = 100_000
    hold: bool = False
    methods: list[Literal["app", "h5", "web"]] = []
    mini_program: str = ""


class Stripe(Table, frozen=True, kw_only=True):
    """`webhook_secrets`: two while they are rotated. `publishable_key`: told to whoever pays."""

    secret_key: str
    publishable_key: str = ""
    webhook_secrets: Annotated[list[str], Meta(min_length=1, max_length=4)]
    base_url: str = stripe.BASE_URL
    account: str = ""
    livemode: bool = True
    confirm_above_minor: Positive = 100_000


class Payments(Table, frozen=True, kw_only=True):
    """The whole file."""

    webhooks: WebhookAddress
    wechat: WeChat | None = None
    alipay: Alipay | None = None
    stripe: Stripe | None = None


def load(folder: Path) -> Payments:
    """Raises FileNotFoundError, PermissionError, or ValueError naming the key."""
    path = folder / FILE
    if path.stat().st_mode & 0o077:
        raise PermissionError(f"{path} can be read by others: chmod 600 it")
    try:
        return msgspec.convert(tomllib.loads(path.read_text()), Payments)
    except (msgspec.ValidationError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"{path}: {error}") from None


def providers(payments: Payments, folder: Path, asking: Asking) -> dict[ProviderId, Provider]:
    """Those that are configured. Raises ValueError naming what is missing, never what is wrong."""
    made: list[Provider] = []
    listening = payments.webhooks
    if payments.wechat is not None:
        made.append(wechat.WeChat(_wechat(payments.wechat, listening, folder), asking))
    if payments.alipay is not None:
        way = alipay_holds.AlipayHolds if payments.alipay.hold else alipay.Alipay
        made.append(way(_alipay(payments.alipay, listening, folder), asking))
    if payments.stripe is not None:
        made.append(stripe.Stripe(_stripe(payments.stripe, folder), asking))
    return {x.name: x for x in made}


def _wechat(told: WeChat, listening: WebhookAddress, folder: Path) -> wechat.Merchant:
    api_v3_key = _secret(told.api_v3_key, folder, "wechat.api_v3_key").encode()
    if len(api_v3_key) != 32:
        raise ValueError(f"{FILE}: wechat.api_v3_key has 32 bytes")
    return wechat.Merchant(
        mchid=told.mchid,
        appid=told.appid,
        appids={PaymentMethod(name): appid for name, appid in told.appids.items()},
        serial=told.serial,
        key=private_key(_bytes(folder / told.key, "wechat.key")),
        api_v3_key=api_v3_key,
        platform=_keys(told.platform, folder, "wechat.platform"),
        notify_url=listening.notify_url("wechat"),
        base_url=told.base_url.rstrip("/"),
        confirm_above_minor=told.confirm_above_minor,
    )


def _alipay(told: Alipay, listening: WebhookAddress, folder: Path) -> alipay.Merchant:
    methods = [PaymentMethod(x) for x in dict.fromkeys(told.methods)]
    if told.mini_program:
        methods.insert(0, PaymentMethod.MINI_PROGRAM)
    if told.hold and any(x is not PaymentMethod.APP for x in methods):
        raise ValueError(f"{FILE}: alipay.hold goes with a code and with the method app alone")
    return alipay.Merchant(
        app_id=told.app_id,
        methods=tuple(methods),
        mini_program=told.mini_program,
        seller_id=told.seller_id,
        key=private_key(_bytes(folder / told.key, "alipay.key")),
        platform=_keys(told.platform, folder, "alipay.platform"),
        notify_url=listening.notify_url("alipay"),
        gateway=told.gateway,
        confirm_above_minor=told.confirm_above_minor,
    )


def _stripe(told: Stripe, folder: Path) -> stripe.Account:
    secrets = [_secret(x, folder, "stripe.webhook_secrets") for x in told.webhook_secrets]
    return stripe.Account(
        secret_key=_secret(told.secret_key, folder, "stripe.secret_key"),
        publishable_key=told.publishable_key,
        webhook_secrets=tuple(secrets),
        base_url=told.base_url.rstrip("/"),
        account=told.account,
        livemode=told.livemode,
        confirm_above_minor=told.confirm_above_minor,
    )


def _keys(files: dict[str, str], folder: Path, name: str) -> dict[str, RSAPublicKey]:
    if not files:
        raise ValueError(f"{FILE}: {name} is empty: nobody would be believed")
    return {serial: public_key(_bytes(folder / x, name)) for serial, x in files.items()}


def _secret(value: str, folder: Path, name: str) -> str:
    kind, _, rest = value.partition(":")
    found = value
    if kind == "env":
        found = os.environ.get(rest, "")
    elif kind == "file":
        found = _bytes(folder / rest, name).decode().strip()
    if not found:
        raise ValueError(f"{FILE}: {name} is empty")
    return found


def _bytes(path: Path, name: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ValueError(f"{FILE}: {name}: {error.strerror}: {path}") from None
