"""Keys as they come in PEM, or in a certificate. RSA of at least 2048 bits, nothing else."""

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

BITS_MIN = 2048


def private_key(pem: bytes) -> RSAPrivateKey:
    """Raises ValueError."""
    key = load_pem_private_key(pem, None)
    if not isinstance(key, RSAPrivateKey) or key.key_size < BITS_MIN:
        raise ValueError(f"an RSA key of at least {BITS_MIN} bits is needed")
    return key


def public_key(pem: bytes) -> RSAPublicKey:
    """Of a public key or a certificate. Raises ValueError."""
    if b"BEGIN CERTIFICATE" in pem:
        return public_key_of_certificate(pem)
    return _checked(load_pem_public_key(pem))


def public_key_of_certificate(pem: bytes) -> RSAPublicKey:
    """Raises ValueError."""
    return _checked(x509.load_pem_x509_certificate(pem).public_key())


def _checked(key: object) -> RSAPublicKey:
    if not isinstance(key, RSAPublicKey) or key.key_size < BITS_MIN:
        raise ValueError(f"an RSA key of at least {BITS_MIN} bits is needed")
    return key
