"""`o2o report DIR --from DAY --to DAY --out FILE`: how a period went, as one HTML page."""

import argparse
import sys
from pathlib import Path

from gateway.history.exporting import FOLDER, fresh
from gateway.reporting.period import period_of
from gateway.reporting.report import report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="DIR", help="a server's data folder")
    parser.add_argument("--from", dest="first", metavar="DAY", help="as 2025-03-07, or a time")
    parser.add_argument("--to", dest="last", metavar="DAY", help="a day is included whole")
    parser.add_argument("--out", type=Path, default=Path("report.html"), metavar="FILE")
    parser.add_argument("--timezone", help="of days and hours; the city's own unless told")
    parser.add_argument(
        "--guarantee-per-hour",
        type=int,
        default=0,
        metavar="MINOR",
        help="what couriers are guaranteed, in minor units: tells what is missing to it",
    )


def run(args: argparse.Namespace) -> int:
    """0; 1 if a sum is not the ledger's, which is a bug. Reads beside a server that runs."""
    if args.guarantee_per_hour < 0:
        raise ValueError("a guarantee is not negative")
    out: Path = args.folder / FOLDER
    manifest = fresh(args.folder, out)
    period = period_of(args.first, args.last, args.timezone, manifest)
    name = args.folder.resolve().name
    made = report(out, manifest, period, name, args.guarantee_per_hour)
    args.out.write_text(made.html, encoding="utf-8")
    sys.stdout.write(f"{args.out}: {period.said()}\n")
    if not made.agrees:
        sys.stderr.write("orders and ledger do not agree: the page says where\n")
    return 0 if made.agrees else 1
