"""A comparison on disk: what was asked, and every run as it is done. Interrupted, it goes on.

A run is a file of its own, written aside, synced and renamed: it is there whole, or not at all.
"""

import fcntl
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import msgspec
from msgspec import Struct

from simulation.lab.arms import Arm
from simulation.lab.code import code_digest
from simulation.lab.deciding import Rule
from simulation.lab.worker import Played
from simulation.scorecard import versions

QUESTION_FILE = "comparison.json"
RUNS_FOLDER = "runs"
ASIDE = ".part"  # what is not whole yet


class ComparisonError(ValueError):
    """The folder is not one to write this comparison into. The message says why."""


class Question(Struct, frozen=True):
    """What has to be the same for runs to belong to one comparison."""

    scenario: str
    arms: list[dict[str, Any]]  # label, settings, digest
    first_seed: int
    rule: Rule
    versions: dict[str, str]


def question_of(name: str, arms: Sequence[Arm], first_seed: int, rule: Rule) -> Question:
    told = [{"label": x.label, "settings": x.settings, "digest": x.digest} for x in arms]
    return Question(name, told, first_seed, rule, {**versions(), "code": code_digest()})


class Results:
    """The folder of one comparison. `with Results(...) as results:` nobody else writes there."""

    def __init__(self, folder: Path, question: Question) -> None:
        """Take up what is there already. Raises ComparisonError if it is something else, or
        somebody is at it, OSError."""
        self.folder = folder
        self._runs = folder / RUNS_FOLDER
        if folder.exists() and not folder.is_dir():
            raise ComparisonError(f"{folder} is a file, no folder")
        path = folder / QUESTION_FILE
        if not path.exists() and folder.exists() and not _is_begun(folder):
            raise ComparisonError(f"{folder} is there already and holds no comparison")
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(folder)
        try:
            if path.exists():
                _check_same(folder, path, question)
            else:
                _write(path, msgspec.json.format(msgspec.json.encode(question), indent=2))
            self._runs.mkdir(exist_ok=True)
            for torn in (*folder.glob(f"*{ASIDE}"), *self._runs.glob(f"*{ASIDE}")):
                torn.unlink()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Others may go on with it."""
        os.close(self._lock)

    def done(self) -> dict[tuple[str, int], Played]:
        """All runs that are on disk, by arm and seed. A torn file is played again."""
        return _done(self._runs)

    def take(self, runs: Sequence[Played]) -> None:
        """Keep what was played elsewhere, unless it is here."""
        there = self.done()
        for played in runs:
            if (played.arm, played.seed) not in there:
                self.keep(played)

    def keep(self, played: Played) -> None:
        """On disk when this returns."""
        _write(self._runs / _name(played.arm, played.seed), msgspec.json.encode(played))

    def write(self, name: str, content: bytes) -> Path:
        """A file beside the runs, whole or not at all."""
        path = self.folder / name
        _write(path, content)
        return path


def _is_begun(folder: Path) -> bool:
    """Nothing is in it, or what was left before the question was written down."""
    return all(x.name == f"{QUESTION_FILE}{ASIDE}" for x in folder.iterdir())


def _locked(folder: Path) -> int:
    """A descriptor; whoever holds it is alone, and it goes with its process, however that ends."""
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise ComparisonError(f"{folder} is being written by another `o2o compare`") from None
    return lock


def runs_for(question: Question, other: Path) -> list[Played]:
    """The runs of another comparison that this one would play the same.

    Raises ComparisonError if there is none, or one of other versions or other code.
    """
    path = other / QUESTION_FILE
    if not path.is_file():
        raise ComparisonError(f"{other} holds no comparison to take runs from")
    if _question(path).versions != question.versions:
        raise ComparisonError(f"the runs of {other} are of {_other(path, question)}: play them")
    seeds = range(question.first_seed, question.first_seed + question.rule.replications)
    wanted = {x["digest"] for x in question.arms}
    found = _done(other / RUNS_FOLDER)
    return [x for (arm, seed), x in found.items() if arm in wanted and seed in seeds]


def _done(runs: Path) -> dict[tuple[str, int], Played]:
    found = {}
    for path in sorted(runs.glob("*.json")):
        try:
            played = msgspec.json.decode(path.read_bytes(), type=Played)
        except msgspec.MsgspecError:
            continue
        if path.name == _name(played.arm, played.seed):
            found[played.arm, played.seed] = played
    return found


def _name(arm: str, seed: int) -> str:
    return f"{arm}-{seed}.json"


def _write(path: Path, content: bytes) -> None:
    aside = path.with_name(f"{path.name}{ASIDE}")
    with aside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _question(path: Path) -> Question:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Question)
    except msgspec.MsgspecError as error:
        raise ComparisonError(f"{path} cannot be read: {error}") from error


def _other(path: Path, question: Question) -> str:
    """Which of the versions are others: of a library, of Python, of our own code."""
    before, now = _question(path).versions, question.versions
    names = [x for x in dict.fromkeys((*now, *before)) if before.get(x) != now.get(x)]
    return f"other versions ({', '.join(names)})"


def _check_same(folder: Path, path: Path, question: Question) -> None:
    other = _question(path)
    differs = [
        x
        for x in Question.__struct_fields__
        if msgspec.to_builtins(getattr(other, x)) != msgspec.to_builtins(getattr(question, x))
    ]
    if "versions" in differs:
        raise ComparisonError(
            f"the runs of {folder} are of {_other(path, question)}: choose another folder"
        )
    if differs:
        raise ComparisonError(
            f"{folder} holds another comparison ({', '.join(differs)} differ): ask the same again "
            f"to go on with it, or choose another folder, with --reuse {folder} to keep its runs"
        )
