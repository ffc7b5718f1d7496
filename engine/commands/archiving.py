"""What is long over, and put away."""

from engine.commands.command import Command


class ArchiveOrders(Command, frozen=True):
    """Whatever ended long ago, with its payments and deliveries."""
