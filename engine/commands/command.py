"""What every command is."""

from msgspec import Struct


class Command(Struct, frozen=True, tag=True, omit_defaults=True, array_like=True):
    """A request. It may be rejected."""
