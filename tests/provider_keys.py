"""Keys for tests: made once in a process, for making an RSA key takes a while."""

from functools import cache

from cryptography.hazmat.primitives.asymmetric import rsa

from gateway.providers.alipay import Alipay
from gateway.providers.alipay import Merchant as AlipayMerchant
from gateway.providers.asking import Asking
from gateway.providers.stripe import Account, Stripe
from gateway.providers.wechat import Merchant, WeChat

API_V3_KEY = b"0123456789abcdef0123456789ABCDEF"
SECRETS = ("whsec_old", "whsec_new")
NOW_S = 1_700_000_000
SERIAL, OTHER_SERIAL = "5A01", "5A02"


@cache
def rsa_key(name: str) -> rsa.RSAPrivateKey:
    """The same for the same name."""
    del name
    return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


def wechat(asking: Asking | None = None, **changed) -> WeChat:
    given = {
        "mchid": "1900000109",
        "appid": "wx8888",
        "serial": "M1",
        "key": rsa_key("merchant"),
        "api_v3_key": API_V3_KEY,
        "platform": {
            SERIAL: rsa_key("platform").public_key(),
            OTHER_SERIAL: rsa_key("platform 2").public_key(),
        },
        "notify_url": "https://pay.example/webhooks/wechat",
    }
    return WeChat(Merchant(**(given | changed)), asking or Asking())


def alipay(asking: Asking | None = None, **changed) -> Alipay:
    given = {
        "app_id": "2021000001",
        "seller_id": "2088000001",
        "key": rsa_key("merchant"),
        "platform": {"": rsa_key("platform").public_key()},
        "notify_url": "https://pay.example/webhooks/alipay",
    }
    return Alipay(AlipayMerchant(**(given | changed)), asking or Asking())


def stripe(asking: Asking | None = None, **changed) -> Stripe:
    given = {"secret_key": "sk_test", "webhook_secrets": SECRETS, "livemode": False}
    return Stripe(Account(**(given | changed)), asking or Asking())
