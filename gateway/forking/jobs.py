"""Forks asked for over the gateway: one at a time, by a process beside the engine; a few wait.

The engine is neither asked nor stopped: the process reads the journal. An answer is kept for an
hour; nothing of a job outlives the server.
"""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path

import msgspec
from msgspec import Struct, structs

from gateway import messages as m
from gateway.codes import Refusal, unknown
from gateway.messages.values import Error

WAITING_MAX = 4
KEPT_S = 3_600.0  # after its end
PLAY_MAX_S = 900.0
RETRY_S = 30.0
LINE_BYTES = 1 << 20
FORKING = frozenset({m.StartFork, m.GetFork})
log = logging.getLogger("o2o.gateway")


class Line(Struct, frozen=True):
    """What the process says: the shape of `playing.Said`, which loads the simulator."""

    done: int = 0
    of: int = 0
    outlook: m.Outlook | None = None
    failed: str = ""
    why: str = ""


class Job(Struct):
    """`key` is the request that asked for it: a repeat is answered by the same job."""

    key: str
    asked: m.StartFork
    told: m.ForkJob
    ended_s: float = 0.0


_line = msgspec.json.Decoder(Line).decode


class Forks:
    """`run` plays what waits, until it is cancelled."""

    def __init__(self, folder: Path, name: str, stopwatch_s: Callable[[], float]) -> None:
        """`name` begins the ids of all jobs: another one in every life of a server."""
        self._folder = folder
        self._name = name
        self._stopwatch_s = stopwatch_s
        self._jobs: dict[str, Job] = {}
        self._waiting: asyncio.Queue[Job] = asyncio.Queue()
        self._count = 0

    def answer(self, body: m.StartFork | m.GetFork, key: str) -> m.ForkJob:
        """At once. Raises Refusal: malformed, unknown, overloaded, idempotency_conflict."""
        self._forget()
        if isinstance(body, m.StartFork):
            return self._start(body, key).told
        known = self._jobs.get(body.job)
        if known is None:
            raise unknown("fork", body.job)
        return known.told

    async def run(self) -> None:
        """Until cancelled; then the process that plays, and all it has started, is killed."""
        while True:
            job = await self._waiting.get()
            try:
                async with asyncio.timeout(PLAY_MAX_S):
                    await self._play(job)
            except TimeoutError:
                self._end(job, error=_error("fork_failed", f"no answer after {PLAY_MAX_S:.0f} s"))
            except (OSError, ValueError) as error:
                log.error("a fork failed: %s", error)
                self._end(job, error=_error("fork_failed"))

    # internals

    def _start(self, body: m.StartFork, key: str) -> Job:
        for known in self._jobs.values():
            if known.key == key:
                if known.asked != body:
                    raise Refusal("idempotency_conflict")
                return known
        _check(body.policies)
        if self._waiting.qsize() >= WAITING_MAX:
            raise Refusal("overloaded", retry_after_s=RETRY_S)
        self._count += 1
        name = f"fork-{self._name}-{self._count}"
        told = m.ForkJob(name, "pending", 0, len(body.policies) * body.draws)
        job = self._jobs[name] = Job(key, body, told)
        self._waiting.put_nowait(job)
        return job

    def _forget(self) -> None:
        before_s = self._stopwatch_s() - KEPT_S
        for name, job in list(self._jobs.items()):
            if job.ended_s and job.ended_s < before_s:
                del self._jobs[name]

    def _end(self, job: Job, outlook: m.Outlook | None = None, error: Error | None = None) -> None:
        status = "completed" if outlook is not None else "failed"
        job.told = structs.replace(job.told, status=status, outlook=outlook, error=error)
        job.ended_s = self._stopwatch_s()

    async def _play(self, job: Job) -> None:
        job.told = structs.replace(job.told, status="in_progress")
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "gateway.forking", str(self._folder.resolve())),
            msgspec.json.encode(job.asked).decode(),
            env=os.environ | {"PYTHONPATH": os.pathsep.join(x for x in sys.path if x)},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=LINE_BYTES,
            start_new_session=True,  # so that it can be killed with all it has started
        )
        assert process.stdout is not None
        try:
            async for text in process.stdout:
                self._hear(job, _line(text))
            status = await process.wait()
            if job.told.status == "in_progress":
                raise OSError(f"{job.told.job} ended with status {status} and no answer")
        finally:
            await _ended(process)

    def _hear(self, job: Job, line: Line) -> None:
        if line.failed:
            self._end(job, error=_error(line.failed, line.why))
        elif line.outlook is not None:
            self._end(job, line.outlook)
        else:
            job.told = structs.replace(job.told, done=line.done, of=line.of)


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Nothing is left of it: no worker, and no pipe that would outlive the loop."""
    assert process.stdin is not None
    assert process.stdout is not None
    if process.returncode != 0:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.stdin.close()
    while await process.stdout.read(LINE_BYTES):  # what was said to nobody
        pass
    await process.wait()


def _check(policies: list[str]) -> None:
    from solvers.portfolio import SOLVERS  # here, for it loads the kernels

    for text in policies:
        name = text.partition("+")[0].partition(":")[0]
        if name not in SOLVERS:
            near = get_close_matches(name, SOLVERS, 1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(SOLVERS)}"
            raise Refusal("malformed", f"no solver {name}; {hint}", {"field": "policies"})
    if len({*policies}) < len(policies):
        raise Refusal("malformed", "each policy once", {"field": "policies"})


def _error(code: str, message: str = "") -> Error:
    return Refusal(code, message[:160]).error
