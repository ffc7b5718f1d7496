"""Where a webhook may go: public addresses only, besides the networks the server's owner allows.

A name is resolved when it is called, and what it resolves to is what is judged: neither a name
that points inside, nor one that begins to, gets us to ask our own machines.
"""

from collections.abc import Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from urllib.parse import urlsplit

from gateway.codes import Refusal

Address = IPv4Address | IPv6Address
Networks = tuple[IPv4Network | IPv6Network, ...]
TRANSLATED = IPv6Network("64:ff9b::/96")  # NAT64: an IPv4 address in the last four bytes


def networks_of(texts: Sequence[str]) -> Networks:
    """Raises ValueError."""
    return tuple(ip_network(x) for x in texts)


def may_call(address: Address, allowed: Networks) -> bool:
    if any(address in x for x in allowed if x.version == address.version):
        return True
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in TRANSLATED:
            inner = IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner is not None:
            return may_call(inner, allowed)
        if address.teredo is not None:
            return False
    return address.is_global and not address.is_multicast


def check_url(url: str, allowed: Networks) -> None:
    """Raises Refusal("webhook_refused"): the detail says why.

    HTTPS; plain HTTP only straight to an address in a network that is allowed.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise _refusal("not_a_url") from None
    if not host or parts.fragment or not url.isascii() or any(x <= " " for x in url):
        raise _refusal("not_a_url")
    if parts.username is not None or parts.password is not None:
        raise _refusal("credentials_in_url")
    literal = literal_of(host)
    if literal is not None and not may_call(literal, allowed):
        raise _refusal("address_not_allowed")
    inside = literal is not None and any(
        literal in x for x in allowed if x.version == literal.version
    )
    if parts.scheme != "https" and not (parts.scheme == "http" and inside):
        raise _refusal("https_only")


def literal_of(host: str) -> Address | None:
    """None: it is a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def _refusal(why: str) -> Refusal:
    return Refusal("webhook_refused", detail={"why": why})
