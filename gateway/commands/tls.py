"""`--tls-cert` and `--tls-key`, which go together."""

import argparse
from pathlib import Path

from gateway.tls import Certificate


def add_certificate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--tls-cert",
        type=Path,
        metavar="FILE",
        help="speak wss and https with this certificate and what is between it and its "
        "authority, as PEM; read again at SIGHUP",
    )
    parser.add_argument("--tls-key", type=Path, metavar="FILE", help="its private key, as PEM")


def certificate_of(args: argparse.Namespace) -> Certificate | None:
    """None without. Raises OSError and ValueError."""
    if args.tls_cert is None and args.tls_key is None:
        return None
    if args.tls_cert is None or args.tls_key is None:
        raise ValueError("a certificate and its key go together: --tls-cert and --tls-key")
    if args.sandbox:
        raise ValueError("a sandbox tells the server by http: --sandbox goes without --tls-cert")
    return Certificate(args.tls_cert, args.tls_key)
