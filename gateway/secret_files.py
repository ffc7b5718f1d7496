"""Secrets of a server: from the environment, or from a file that only its owner can read."""

import os
import secrets
from pathlib import Path

from gateway.storage.files import sync_directory

SECRET_BYTES = 32


def kept_secret(path: Path, variable: str) -> bytes:
    """What the environment's `variable` says, or the file's bytes, made at the first start.

    Raises PermissionError if others could read the file.
    """
    given = os.environ.get(variable)
    if given:
        return given.encode()
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        if path.stat().st_mode & 0o077:
            raise PermissionError(f"{path} can be read by others: chmod 600 it") from None
        return bytes.fromhex(path.read_text().strip())
    with os.fdopen(handle, "w") as file:
        made = secrets.token_bytes(SECRET_BYTES)
        file.write(made.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    sync_directory(path.parent)
    return made
