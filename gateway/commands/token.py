"""`o2o token`: a token for a client of the server whose data folder this is, or a link."""

import argparse
import sys
from pathlib import Path
from typing import get_args

import msgspec

from gateway.clock import wall_s
from gateway.messages import Role
from gateway.messages.values import Id
from gateway.tokens import LIFE_MAX_S, Tokens, console_link, load_secret

DEFAULT_TTL_S = 15 * 60


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("role", choices=get_args(Role), help="what its holder may do")
    parser.add_argument("subject", help="who it is: courier, store, service or provider id")
    parser.add_argument("--data", type=Path, default=Path("data"), help="the server's data folder")
    parser.add_argument(
        "--link",
        nargs="?",
        const="http://127.0.0.1:8080",
        metavar="ADDRESS",
        help="an operator's way into the console there instead: it opens once, within 15 minutes",
    )
    parser.add_argument("--ttl", type=int, help="seconds it lives; at most what the role allows")


def run(args: argparse.Namespace) -> int:
    """Prints it. Raises ValueError if it would live too long, or be nobody's."""
    try:
        msgspec.convert(args.subject, Id)
    except msgspec.ValidationError:
        raise ValueError(f"{args.subject!r} is no id: 1 to 64 of A-Z a-z 0-9 . _ : -") from None
    if not args.data.is_dir():
        raise FileNotFoundError(f"{args.data} is not a folder: start the server first")
    tokens = Tokens(load_secret(args.data))
    if args.link is not None:
        if args.role != "operator":
            raise ValueError("the console is for operators: --link")
        sys.stdout.write(console_link(args.link, tokens.mint_code(args.subject, wall_s())) + "\n")
        return 0
    ttl_s = args.ttl or min(DEFAULT_TTL_S, LIFE_MAX_S[args.role])
    sys.stdout.write(tokens.mint(args.role, args.subject, ttl_s, wall_s()) + "\n")
    return 0
