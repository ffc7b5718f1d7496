"""An authority, and certificates of this machine's that it signs: made anew for each test."""

from datetime import UTC, datetime
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

PEM = serialization.Encoding.PEM


class Authority:
    """`issue` writes a certificate and its key; who trusts `path` trusts them."""

    def __init__(self, folder, name="tests"):
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = named(name)
        made = signed(self._name, self._name, self._key.public_key(), self._key, is_authority=True)
        self.path = folder / f"{name}.pem"
        self.path.write_bytes(made.public_bytes(PEM))

    def issue(self, certificate, key, password=None, made=None):
        """For this machine's own names; `made`: of this key. Returns its serial number."""
        made = made or ec.generate_private_key(ec.SECP256R1())
        found = signed(named("here"), self._name, made.public_key(), self._key)
        certificate.write_bytes(found.public_bytes(PEM))
        locked = (
            serialization.BestAvailableEncryption(password)
            if password
            else serialization.NoEncryption()
        )
        private = made.private_bytes(PEM, serialization.PrivateFormat.PKCS8, locked)
        key.write_bytes(private)
        return found.serial_number


def rsa_key():
    return rsa.generate_private_key(65_537, 2_048)


def named(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def signed(subject, issuer, public_key, by, is_authority=False):
    here = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2100, 1, 1, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(here), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False
        )
        .sign(by, hashes.SHA256())
    )
