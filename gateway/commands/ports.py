"""A port, and where a page is from, as the command line takes them."""

import re
from argparse import ArgumentTypeError

PORT_MAX = 65_535
ORIGIN = re.compile(r"https?://[^\s/?#@]+")


def port(text: str) -> int:
    """0: whichever is free. Raises ArgumentTypeError."""
    number = int(text) if text.isascii() and text.isdigit() else -1
    if not 0 <= number <= PORT_MAX:
        raise ArgumentTypeError(f"{text!r} is no port: a whole number up to {PORT_MAX}")
    return number


def origin(text: str) -> str:
    """As browsers say it. Raises ArgumentTypeError."""
    if not ORIGIN.fullmatch(text):
        raise ArgumentTypeError(f"{text!r} is no origin, such as https://dispatch.example:8443")
    return text.lower()
