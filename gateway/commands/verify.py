"""`o2o verify`: is a journal whole, and does today's code decide it the same again?"""

import argparse
import sys
from pathlib import Path

from gateway.storage.verification import verify


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="DIR", help="a server's data folder")


def run(args: argparse.Namespace) -> int:
    """0 sound, 1 decided differently or inconsistent, 2 damaged."""
    if not args.folder.is_dir():
        raise FileNotFoundError(f"{args.folder} is not a folder")
    report = verify(args.folder)
    for line in report.lines():
        sys.stdout.write(f"{line}\n")
    return report.exit_code
