"""What a customer may ask for who holds a tracking link."""

from gateway.messages.values import Sent


class Track(Sent, frozen=True):
    """The order the link is for. Answered by `tracking`."""
