"""What a provider answered, read as strictly as a notice: what cannot be read is no answer."""

from typing import Any

from gateway.providers.asking import Response
from gateway.providers.port import NoticeRefusedError, TryAgainError
from gateway.providers.strict import json_object, text


def answer_of(found: Response) -> dict[str, Any]:
    """Raises TryAgainError."""
    try:
        return json_object(found.body)
    except NoticeRefusedError as error:
        raise TryAgainError(f"unreadable: {error}") from None


def field_of(answer: dict[str, Any], *path: str) -> str:
    """A text in there. Raises TryAgainError."""
    try:
        return text(answer, *path)
    except NoticeRefusedError as error:
        raise TryAgainError(str(error)) from None
