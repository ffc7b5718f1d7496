"""What a run is played by, as a digest: runs of other code are other runs.

The lab itself plays nothing: what it says of the runs may change without playing them again.
"""

from functools import cache
from hashlib import blake2b
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("engine", "geo", "solvers", "simulation")
APART = "simulation/lab"


@cache
def code_digest() -> str:
    """Of every source file of these packages, by name: the files as this process found them."""
    return digest_of_sources(ROOT)


def digest_of_sources(root: Path) -> str:
    digest = blake2b(digest_size=8)
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            if not path.is_relative_to(root / APART):
                source = path.read_bytes()
                name = path.relative_to(root).as_posix()
                digest.update(f"{name}:{len(source)}:".encode() + source)
    return digest.hexdigest()
