"""A port, as the command line takes it."""

from argparse import ArgumentTypeError

PORT_MAX = 65_535


def port(text: str) -> int:
    """0: whichever is free. Raises ArgumentTypeError."""
    number = int(text) if text.isascii() and text.isdigit() else -1
    if not 0 <= number <= PORT_MAX:
        raise ArgumentTypeError(f"{text!r} is no port: a whole number up to {PORT_MAX}")
    return number
