"""TLS: a server's certificate, read again without a restart, and whom a client trusts."""

import ssl
from pathlib import Path
from ssl import SSLContext, SSLError, SSLObject

MISMATCH = "KEY_VALUES_MISMATCH"
ONE_PROTOCOL = ["http/1.1"]  # websockets begin with it


class Certificate:
    """Of every port of a server. Both files are PEM; after the certificate come those between it
    and its authority. `context` stays the same, and hands whoever connects on to what was read
    last: one context would keep a certificate of each kind of key, renewed or not.
    """

    def __init__(self, certificate: Path, key: Path) -> None:
        """Raises OSError and ValueError, which say what is wrong with which file."""
        self._certificate, self._key = certificate, key
        self.read()
        self.context = _context()
        self.context.sni_callback = self._hand_on  # is called whether or not a name is asked for

    def read(self) -> None:
        """For connections from now on. If it raises, what was read before goes on."""
        if b"-----BEGIN CERTIFICATE-----" not in self._certificate.read_bytes():
            raise ValueError(f"{self._certificate} is no certificate in PEM")
        key = self._key.read_bytes()
        if b"PRIVATE KEY-----" not in key:
            raise ValueError(f"{self._key} is no private key in PEM")
        if b"ENCRYPTED" in key:
            raise ValueError(f"{self._key} has a password, and nobody is there to type it")
        try:
            read = _context()
            read.load_cert_chain(self._certificate, self._key)
        except SSLError as error:
            pair = f"{self._certificate} and {self._key}"
            if error.reason == MISMATCH:
                raise ValueError(f"{pair} do not belong together") from error
            raise ValueError(f"{pair} cannot be used: {error.reason or error}") from error
        self._read = read

    def _hand_on(self, shaking_hands: SSLObject, *_: object) -> None:
        shaking_hands.context = self._read


def _context() -> SSLContext:
    context = SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(ONE_PROTOCOL)
    return context


def trusting(authorities: Path | None = None) -> SSLContext:
    """For a client: those of that file alone, or those that this machine trusts.

    Raises OSError and ValueError.
    """
    if authorities is None:
        return ssl.create_default_context()
    authorities.read_bytes()  # whose complaint names the file
    try:
        return ssl.create_default_context(cafile=authorities)
    except SSLError as error:
        raise ValueError(f"{authorities} holds no certificate in PEM") from error
