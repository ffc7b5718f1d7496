"""How a request becomes a command: its type names the one function that makes it."""

from collections.abc import Callable
from typing import Any

from engine.commands import ExternalCommand
from gateway.auth import Identity

Translate = Callable[[Any, Any, str], ExternalCommand]  # body, subject, currency
Table = dict[type, Translate]
TableByRole = dict[type, Callable[[Any, Identity], ExternalCommand]]
IdentityTranslate = Callable[[Any, Identity, str], ExternalCommand]
IdentityTable = dict[type, IdentityTranslate]  # for what means different things by role
