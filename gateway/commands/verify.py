"""`o2o verify`: is a journal whole, and does today's code decide it the same again?

With `--certificate` it also signs what it found; with `--check` it reads such a certificate.
"""

import argparse
import sys
from pathlib import Path

from gateway.storage.certificate import NotCertifiedError, belongs_to, certify, lines, read
from gateway.storage.files import write_whole
from gateway.storage.verification import verify


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="DIR", help="a server's data folder")
    parser.add_argument(
        "--certificate", type=Path, metavar="FILE", help="write a signed statement, if it is sound"
    )
    parser.add_argument(
        "--check",
        type=Path,
        metavar="FILE",
        help="instead: is that certificate about DIR, and true",
    )
    parser.add_argument("--key", default="", help="the public key it has to be signed with, in hex")


def run(args: argparse.Namespace) -> int:
    """0 sound, 1 decided differently or inconsistent, 2 damaged. A false certificate: 1."""
    if not args.folder.is_dir():
        raise FileNotFoundError(f"{args.folder} is not a folder")
    if args.check is not None:
        return _check(args)
    report = verify(args.folder)
    for line in report.lines():
        sys.stdout.write(f"{line}\n")
    if args.certificate is not None:
        try:
            signed = certify(args.folder, report)
        except NotCertifiedError as error:
            sys.stdout.write(f"{error}\n")
            return report.exit_code or 1
        args.certificate.parent.mkdir(parents=True, exist_ok=True)
        write_whole(args.certificate, signed)
        for line in lines(read(signed)):
            sys.stdout.write(f"certified: {line}\n")
    return report.exit_code


def _check(args: argparse.Namespace) -> int:
    try:
        statement = read(args.check.read_bytes(), args.key)
    except NotCertifiedError as error:
        sys.stdout.write(f"{error}\n")
        return 1
    for line in lines(statement):
        sys.stdout.write(f"states: {line}\n")
    if not belongs_to(statement, args.folder):
        sys.stdout.write("it is about another history than the journal has\n")
        return 1
    sys.stdout.write("genuine, and about this journal\n")
    return 0
