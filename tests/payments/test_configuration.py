"""payments.toml: what it must say, and that nothing in it is ever repeated."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from gateway.providers import FILE
from gateway.providers.asking import Asking
from gateway.providers.configuration import load, providers
from gateway.providers.sandbox.identity import Identity
from tests.provider_keys import alipay, rsa_key, stripe, wechat

SECRET = "0123456789abcdef0123456789abcdef"
WEBHOOKS = '[webhooks]\naddress = "https://pay.example.com/"\n'
WECHAT = """
[wechat]
mchid = "1"
appid = "a"
serial = "s"
key = "key.pem"
api_v3_key = "env:API_V3_KEY"
platform = { "S" = "platform.pem" }
"""
STRIPE = """
[stripe]
secret_key = "file:stripe.key"
webhook_secrets = ["whsec_one", "whsec_two"]
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("API_V3_KEY", SECRET)
    private = rsa_key("merchant").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = rsa_key("platform").public_key()
    (tmp_path / "key.pem").write_bytes(private)
    (tmp_path / "platform.pem").write_bytes(
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    (tmp_path / "stripe.key").write_text("sk_live_1\n")
    return tmp_path


def given(folder, text, mode=0o600):
    (folder / FILE).write_text(text)
    (folder / FILE).chmod(mode)
    return folder


def made(folder):
    return providers(load(folder), folder, Asking())


def test_only_what_is_configured_is_there(folder):
    assert made(given(folder, WEBHOOKS)) == {}
    assert list(made(given(folder, WEBHOOKS + WECHAT + STRIPE))) == ["wechat", "stripe"]
    assert load(folder).webhooks.notify_url("wechat") == "https://pay.example.com/webhooks/wechat"


def test_a_file_that_others_can_read_is_refused(folder):
    with pytest.raises(PermissionError, match="chmod 600"):
        load(given(folder, WEBHOOKS, 0o644))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("env:API_V3_KEY", "env:NOWHERE", "api_v3_key is empty"),
        ("env:API_V3_KEY", "too short", "has 32 bytes"),
        ("key.pem", "nowhere.pem", "No such file"),
        ('{ "S" = "platform.pem" }', "{}", "nobody would be believed"),
        ('mchid = "1"', "mchid = 1", "mchid"),
        ('mchid = "1"', 'mchid = "1"\nmerchant = "2"', "merchant"),
        ('appid = "a"\n', "", "appid"),
        ("[wechat]", "[wechat", FILE),
        ("[wechat]", "[wexin]", "wexin"),
    ],
)
def test_what_is_wrong_is_named_and_no_secret_is_repeated(folder, old, new, said):
    text = WEBHOOKS + WECHAT
    assert old in text
    with pytest.raises(ValueError, match="payments") as info:
        made(given(folder, text.replace(old, new)))
    assert said in str(info.value)
    assert SECRET not in str(info.value)


WAYS = """
[alipay]
app_id = "1"
seller_id = "2"
key = "key.pem"
platform = { "" = "platform.pem" }
methods = ["app", "web", "app"]
mini_program = "3"
"""


def test_the_ways_to_pay_are_those_that_are_configured(folder):
    ours = WECHAT + 'appids = { app = "wx1", mini_program = "wx2" }\n' + WAYS
    found = made(given(folder, WEBHOOKS + ours))
    assert found["wechat"].methods == ("default", "app", "mini_program")
    assert found["alipay"].methods == ("default", "mini_program", "app", "web")
    assert made(given(folder, WEBHOOKS + WECHAT))["wechat"].methods == ("default",)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('mini_program = "3"', "hold = true", "alipay.hold"),
        ('"web", "app"]', '"fax"]', "fax"),
        ("[alipay]", 'appids = { fax = "wx1" }\n[alipay]', "fax"),
        ("[alipay]", 'appids = { app = "" }\n[alipay]', "appids"),
    ],
)
def test_a_way_that_there_is_not_is_refused(folder, old, new, said):
    text = WEBHOOKS + WECHAT + WAYS
    assert old in text
    with pytest.raises(ValueError, match=said):
        made(given(folder, text.replace(old, new)))


def test_weak_and_foreign_keys_are_refused(folder):
    weak = rsa.generate_private_key(public_exponent=65_537, key_size=1_024)
    curve = ec.generate_private_key(ec.SECP256R1())
    for key in (weak, curve):
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / "key.pem").write_bytes(pem)
        with pytest.raises(ValueError, match="RSA"):
            made(given(folder, WEBHOOKS + WECHAT))


def test_no_secret_is_in_what_an_object_says_of_itself():
    for provider in (wechat(), alipay(), stripe()):
        for part in vars(provider).values():
            said = repr(part)
            assert "sk_test" not in said
            assert "whsec" not in said
            assert "0123456789abcdef" not in said
            assert "PRIVATE" not in said


def test_the_sandbox_never_takes_the_place_of_somebody_elses_file(tmp_path):
    identity = Identity.at(tmp_path)
    identity.introduce(tmp_path, "http://127.0.0.1:1", "http://127.0.0.1:2", 2)
    assert sorted(made(tmp_path)) == ["alipay", "stripe", "wechat"]
    assert Identity.at(tmp_path).names == identity.names
    identity.introduce(tmp_path, "http://127.0.0.1:3", "http://127.0.0.1:2", 2)
    given(tmp_path, WEBHOOKS)
    with pytest.raises(FileExistsError, match="stays as it is"):
        identity.introduce(tmp_path, "http://127.0.0.1:1", "http://127.0.0.1:2", 2)
    assert (tmp_path / FILE).read_text() == WEBHOOKS
