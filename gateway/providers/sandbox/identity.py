"""Who everybody is in the sandbox: keys and secrets, made once and kept in a folder of its own.

The gateway is given its half as payments.toml, the same file that real providers need.
"""

import os
import secrets
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID
from msgspec import Struct

from gateway.clock import wall_ms
from gateway.providers import FILE

FOLDER, SECRETS = "sandbox", "sandbox.json"
MARK = "# Made by `o2o sandbox`: nobody's money.\n"
HOLDS = "hold = true"
HOLDS_IN_APP = f'{HOLDS}\nmethods = ["app"]'
LIFE = timedelta(days=3650)


class Names(Struct, frozen=True):
    """What is no key; the serials change when keys do."""

    mchid: str
    appid: str
    merchant_serial: str
    platform_serial: str
    api_v3_key: str
    app_id: str
    seller_id: str
    stripe_key: str
    stripe_secret: str

    @property
    def appids(self) -> dict[str, str]:
        """Of the ways to pay at WeChat besides a code."""
        ways = ("mini_program", "official_account", "app", "h5")
        return {x: f"wx{_digest(self.appid + x)[:16]}" for x in ways}

    @property
    def stripe_publishable(self) -> str:
        return f"pk_test_{_digest(self.stripe_key)[:32]}"

    def appids_of(self, resource: str) -> tuple[str, ...]:
        """Which of them WeChat takes where."""
        if resource == "native":
            return (self.appid,)
        ways = ("mini_program", "official_account") if resource == "jsapi" else (resource,)
        return tuple(self.appids[x] for x in ways)

    @property
    def mini_program(self) -> str:
        """The app id of our mini-program at Alipay."""
        return f"2021{int(_digest(self.app_id)[:12], 16) % 10**12:012d}"


class Identity:
    """Both halves: the platforms' private keys and the merchant's. `Identity.at(folder)`."""

    def __init__(
        self, names: Names, platform: rsa.RSAPrivateKey, merchant: rsa.RSAPrivateKey
    ) -> None:
        self.names = names
        self.platform = platform
        self.merchant = merchant

    @classmethod
    def made(cls) -> "Identity":
        digits = f"{secrets.randbelow(10**9):09d}"
        names = Names(
            mchid=f"1{digits}",
            appid=f"wx{secrets.token_hex(8)}",
            merchant_serial=secrets.token_hex(20).upper(),
            platform_serial=secrets.token_hex(20).upper(),
            api_v3_key=secrets.token_hex(16),
            app_id=f"2021{digits}",
            seller_id=f"2088{digits}",
            stripe_key=f"sk_test_{secrets.token_hex(16)}",
            stripe_secret=f"whsec_{secrets.token_hex(16)}",
        )
        return cls(names, _key(), _key())

    @classmethod
    def at(cls, data: Path) -> "Identity":
        """The one kept in this data folder; made and kept, if there is none."""
        folder = data / FOLDER
        if (folder / SECRETS).exists():
            names = msgspec.json.decode((folder / SECRETS).read_bytes(), type=Names)
            return cls(names, _read(folder / "platform.pem"), _read(folder / "merchant.pem"))
        made = cls.made()
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / "platform.pem", _pem(made.platform))
        _write(folder / "merchant.pem", _pem(made.merchant))
        _write(folder / SECRETS, msgspec.json.encode(made.names))
        return made

    def certificate(self) -> bytes:
        """The platform's, in PEM."""
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Sandbox platform")])
        now = datetime.fromtimestamp(wall_ms() / 1_000, UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.platform.public_key())
            .serial_number(int(self.names.platform_serial, 16) >> 1)
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + LIFE)
            .sign(self.platform, SHA256())
        )
        return made.public_bytes(Encoding.PEM)

    @staticmethod
    def may_introduce(data: Path) -> None:
        """Raises FileExistsError if there is a payments.toml of somebody else's."""
        path = data / FILE
        if path.exists() and not path.read_text().startswith(MARK):
            raise FileExistsError(f"{path} is not the sandbox's: it stays as it is")

    def introduce(self, data: Path, sandbox: str, address: str, port: int) -> None:
        """Write payments.toml: the sandbox is at `sandbox`, notices are heard at `address`.

        Whether Alipay's money is held stays as it was. Raises FileExistsError if there is one of
        somebody else's.
        """
        self.may_introduce(data)
        path, folder = data / FILE, data / FOLDER
        holds = path.exists() and HOLDS in path.read_text().splitlines()
        public = self.platform.public_key().public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        )
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / "platform_public.pem", public)
        n, key = self.names, f"{FOLDER}/merchant.pem"
        appids = ", ".join(f'{name} = "{appid}"' for name, appid in n.appids.items())
        methods = f'hold = false\nmethods = ["app", "h5", "web"]\nmini_program = "{n.mini_program}"'
        _write(
            path,
            f"""{MARK}
[webhooks]
host = "127.0.0.1"
port = {port}
address = "{address}"

[wechat]
mchid = "{n.mchid}"
appid = "{n.appid}"
appids = {{ {appids} }}
serial = "{n.merchant_serial}"
key = "{key}"
api_v3_key = "{n.api_v3_key}"
platform = {{ "{n.platform_serial}" = "{FOLDER}/platform_public.pem" }}
base_url = "{sandbox}"

[alipay]
app_id = "{n.app_id}"
seller_id = "{n.seller_id}"
key = "{key}"
platform = {{ "" = "{FOLDER}/platform_public.pem" }}
gateway = "{sandbox}/gateway.do"
{HOLDS_IN_APP if holds else methods}

[stripe]
secret_key = "{n.stripe_key}"
publishable_key = "{n.stripe_publishable}"
webhook_secrets = ["{n.stripe_secret}"]
base_url = "{sandbox}"
livemode = false
""".encode(),
        )


def _digest(said: str) -> str:
    return sha256(said.encode()).hexdigest()


def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


def _pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _read(path: Path) -> rsa.RSAPrivateKey:
    key = load_pem_private_key(path.read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def _write(path: Path, data: bytes) -> None:
    """For its owner alone, and whole or not at all."""
    beside = path.with_name(f".{path.name}.new")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
    os.chmod(beside, 0o600)
    beside.replace(path)
