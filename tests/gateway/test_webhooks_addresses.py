"""Where webhooks may go, and what vouches for them: nobody inside is called, nothing is forged."""

from ipaddress import ip_address

import pytest

from gateway.codes import Refusal
from gateway.hooks import signing
from gateway.hooks.addresses import check_url, may_call, networks_of
from gateway.hooks.postman import HttpAnswer
from gateway.hooks.sender import GuardedResolver, HttpSender
from gateway.providers import stripe_signatures
from tests.receiving import Receiver, is_genuine
from tests.serving import live

BODY = b'{"id":"evt_1","type":"order.paid","data":{"order_id":"o_1"}}'
T = 1_700_000_000


# signatures


def test_signatures_are_those_of_stripe_and_of_standard_webhooks():
    """Computed once with other code than ours."""
    secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
    told = signing.headers([secret], "msg_1", T, BODY)
    assert told["webhook-signature"] == "v1,3/wYWjIZXheKxzhFGTVqQMgcbIO5bb7TQFBcVDdiziE="
    [made] = [
        x.partition("=")[2]
        for x in stripe_signatures.header_of(["whsec_test"], T, BODY).split(",")
        if x.startswith("v1")
    ]
    assert made == "2dd86e1c1a2a4548beee49f0c6764ff2227d90727d09db08607d135d2f5a53d6"
    stripe_signatures.check(told["o2o-signature"], BODY, [secret], T)


def test_two_secrets_sign_while_one_takes_over():
    keys = [signing.new_secret(), signing.new_secret()]
    told = signing.headers(keys, "e", T, BODY)
    for key in keys:
        assert is_genuine(told, BODY, [key])
        stripe_signatures.check(told["o2o-signature"], BODY, [key], T)
    assert not is_genuine(told, BODY, [signing.new_secret()])
    assert not is_genuine(told, BODY + b" ", keys)


# where to


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.7",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fd00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    ],
)
def test_nobody_is_sent_inside(address):
    assert not may_call(ip_address(address), ())


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822"])
def test_public_addresses_may_be_called(address):
    assert may_call(ip_address(address), ())


def test_a_network_may_be_allowed_and_that_alone():
    inside = networks_of(["10.1.0.0/16"])
    assert may_call(ip_address("10.1.2.3"), inside)
    assert may_call(ip_address("::ffff:10.1.2.3"), inside)
    assert not may_call(ip_address("10.2.2.3"), inside)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://example.com/x", "https_only"),
        ("ftp://example.com/x", "https_only"),
        ("https://127.0.0.1/x", "address_not_allowed"),
        ("https://[::1]:8443/x", "address_not_allowed"),
        ("https://user:word@example.com/x", "credentials_in_url"),
        ("https://example.com/x#y", "not_a_url"),
        ("https://exa mple.com/", "not_a_url"),
        ("https://example.com:99999/", "not_a_url"),
        ("https:///x", "not_a_url"),
        ("nonsense", "not_a_url"),
    ],
)
def test_an_address_that_cannot_be_is_refused_and_says_why(url, why):
    with pytest.raises(Refusal) as info:
        check_url(url, ())
    assert (info.value.error.code, info.value.error.detail["why"]) == ("webhook_refused", why)


def test_plain_http_is_for_allowed_networks_only():
    check_url("https://example.com/x", ())
    check_url("http://127.0.0.1:9/x", networks_of(["127.0.0.0/8"]))
    with pytest.raises(Refusal):
        check_url("http://93.184.216.34/x", networks_of(["127.0.0.0/8"]))


@live
async def test_a_name_that_points_inside_is_not_called():
    """Judged when it is called: a name may have pointed elsewhere when it was set."""
    resolver = GuardedResolver(())
    for name in ("localhost", "127.1", "2130706433"):
        with pytest.raises(OSError, match="address_not_allowed"):
            await resolver.resolve(name, 80)
    allowed = GuardedResolver(networks_of(["127.0.0.0/8"]))
    assert (await allowed.resolve("localhost", 80))[0]["host"] == "127.0.0.1"
    async with HttpSender(()) as sender:
        for url in ("https://localhost:1/x", "https://127.0.0.1:1/x"):
            assert await sender.send(url, {}, b"") == HttpAnswer(0, "address_not_allowed")


@live
async def test_nobody_is_followed_elsewhere():
    async with Receiver() as receiver, HttpSender(networks_of(["127.0.0.0/8"])) as sender:
        url = receiver.url.replace("/events", "/elsewhere")
        assert await sender.send(url, {}, b"{}") == HttpAnswer(307)
        assert receiver.events == receiver.attempts == []
