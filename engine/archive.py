"""An archive: what cannot change any more, in compressed packs, found by name.

A name takes a few dozen bytes of memory and what it stands for about as many in a snapshot; to
look at one costs as much as unpacking its pack, some tens of microseconds. Packs are derived
from events alone. The same zlib gives the same bytes; nothing compares them between machines.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Generic, TypeVar
from zlib import compress, decompress

from msgspec import Raw, Struct, msgpack

Key = TypeVar("Key", bound=str)
Thing = TypeVar("Thing")
OPEN = 8  # packs that stay unpacked
LEVEL = 2  # of zlib's: a fifth less time than the usual 6, for a twentieth more bytes
PACK = 32  # of more, a pack would be little smaller and dearer to look into
_UNPACK = msgpack.Decoder(dict[str, Raw]).decode


class Archive(Struct, Generic[Key], dict=True):
    """Invariant: a name is in the pack it is said to be in; whoever was taken out has no place."""

    places: dict[Key, int] = {}  # in which pack, the oldest first
    packs: list[bytes] = []

    def __post_init__(self) -> None:
        self._open: dict[int, dict[str, Raw]] = {}  # what was looked into lately: neighbors follow

    # queries

    def __len__(self) -> int:
        return len(self.places)

    def __contains__(self, key: object) -> bool:
        return key in self.places

    def get(self, key: Key) -> Raw | None:
        """As it was put in, encoded."""
        place = self.places.get(key)
        return None if place is None else self._unpacked(place)[key]

    def items(self) -> Iterator[tuple[Key, Raw]]:
        """The oldest first. Nothing may be put in or taken out meanwhile."""
        for key, place in self.places.items():
            yield key, self._unpacked(place)[key]

    def thawed(self, decode: Callable[[bytes], dict[Key, Thing]]) -> Iterator[tuple[Key, Thing]]:
        """The same, each pack decoded as a whole: half the work, if all of it is wanted."""
        for number, pack in enumerate(self.packs):
            for key, thing in decode(decompress(pack)).items():
                if self.places.get(key) == number:  # else it was taken out
                    yield key, thing

    # events

    def put(self, some: Mapping[Key, Struct]) -> None:
        """None of them is in it yet."""
        keys = list(some)
        for at in range(0, len(keys), PACK):
            pack = {key: some[key] for key in keys[at : at + PACK]}
            assert self.places.keys().isdisjoint(pack)
            self.places.update(dict.fromkeys(pack, len(self.packs)))
            self.packs.append(compress(msgpack.encode(pack), LEVEL))

    def take(self, key: Key) -> Raw:
        """Out of it. Its bytes stay in the pack, and nothing leads there."""
        frozen = self._unpacked(self.places[key])[key]
        del self.places[key]
        return frozen

    # internals

    def _unpacked(self, place: int) -> dict[str, Raw]:
        found = self._open.get(place)
        if found is None:
            if len(self._open) == OPEN:
                del self._open[next(iter(self._open))]
            found = self._open[place] = _UNPACK(decompress(self.packs[place]))
        return found
