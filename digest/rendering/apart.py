"""Apart: templates rendered in a child of this process, which ends when it takes more than a letter can need.

A template can ask for any number of loops, or for a string of any length, and nothing in this process could stop it.
The child has a limit of time and of memory, and what it says is read up to a limit; this process stays as it was.

    fork ─► limits ─► render ─► output, marks ─► pipe ─► this process
"""

import gc
import json
import os
import resource
import select
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Lock

from digest.errors import Again, BadTemplate
from digest.rendering.environment import TemplateEnvironment, render

#: Seconds of the processor, bytes of memory and characters of output that any template may take; beyond them, so much
#: for each character that it has to say.
_SECONDS, _SECONDS_A_SIGN = 2.0, 1e-6
_MEMORY, _MEMORY_A_SIGN = 256_000_000, 50
_OUTPUT, _OUTPUT_A_SIGN = 2_000_000, 8
#: A child of a process with many threads may find a lock closed for ever. It is waited for so long, and made once more;
#: so is one that took too much time, as a machine that stands still for others may count that as ours.
_PATIENCE, _TRIES = 20.0, 2
_REMEDY = "Mend the template: loops in loops, or a string repeated very often, are the usual reason."
#: One child at a time: another would hold the pipe of this one open.
_alone = Lock()
_STATM = Path("/proc/self/statm")

State = dict[str, object]


def rendered(
    env: TemplateEnvironment,
    name: str,
    values: Mapping[str, object],
    *,
    signs: int,
    state: Callable[[], State],
    restore: Callable[[State], None],
) -> str:
    """The rendered template, of values with so many characters. Raises BadTemplate, also for what takes too much.

    What the functions among the values have noted comes over by `state`, asked in the child, and `restore`.
    """
    for _ in range(_TRIES):
        with _alone:
            reply, status = _child(lambda: _answer(env, name, values, state), signs)
        if reply is not None and not _took_too_long(status):
            return _understood(env, name, reply, restore)
    if reply is not None:
        raise BadTemplate(f"{name}: it took more time than a letter can need.", remedy=_REMEDY)
    raise Again("Templates could not be rendered: their process did not begin.", remedy="Try again.")


def _child(answer: Callable[[], bytes], signs: int) -> tuple[bytes | None, int]:
    """What the child said and how it ended; None where it hung without doing anything."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        _be_the_child(answer, writing, signs)
    os.close(writing)
    try:
        reply = _read(reading, _OUTPUT + _OUTPUT_A_SIGN * signs)
    finally:
        os.close(reading)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
    return reply, status


def _be_the_child(answer: Callable[[], bytes], writing: int, signs: int) -> None:
    """Answer within limits, and end: nothing of the parent's may run here, no handler, no buffer, no exit."""
    try:
        gc.disable()  # it would go through all that the parent holds, and copy it
        for number in (signal.SIGPROF, signal.SIGALRM, signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        # It holds what its parent holds, locks too: where that is killed, nobody else ends a child that hangs.
        signal.setitimer(signal.ITIMER_REAL, 2 * _PATIENCE)
        signal.setitimer(signal.ITIMER_PROF, _SECONDS + _SECONDS_A_SIGN * signs)
        if _STATM.exists():
            held = int(_STATM.read_text().split()[0]) * resource.getpagesize()
            most = held + _MEMORY + _MEMORY_A_SIGN * signs
            resource.setrlimit(resource.RLIMIT_AS, (most, most))
        with open(writing, "wb", closefd=False) as pipe:
            pipe.write(answer())
    finally:
        os._exit(0)


def _answer(env: TemplateEnvironment, name: str, values: Mapping[str, object], state: Callable[[], State]) -> bytes:
    try:
        output = render(env, name, values)
    except BadTemplate as bad:
        return json.dumps({"what": bad.what, "remedy": bad.remedy}).encode()
    used = [key[1] for key in env.cache.keys()] if env.cache is not None else []  # noqa: SIM118  it is no dict
    # A half of a surrogate pair is no reason to fail here: it is told where it is found.
    return json.dumps({"output": output, "state": state(), "used": used}).encode()


def _read(pipe: int, most: int) -> bytes | None:
    """All of it; as far as it may go and one byte more where it goes on; None where nothing comes."""
    until = time.monotonic() + _PATIENCE
    found, length = [], 0
    while length <= most:
        ready, _, _ = select.select([pipe], [], [], max(0.0, until - time.monotonic()))
        if not ready:
            return None
        found.append(os.read(pipe, min(1 << 20, most + 1 - length)))
        length += len(found[-1])
        if not found[-1]:
            break
    return b"".join(found)


def _took_too_long(status: int) -> bool:
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGPROF


def _understood(env: TemplateEnvironment, name: str, reply: bytes, restore: Callable[[State], None]) -> str:
    try:
        told = json.loads(reply)
    except ValueError as error:
        much = "it says more than a letter can hold" if reply else "it took more memory than a letter can need"
        raise BadTemplate(f"{name}: {much}.", remedy=_REMEDY) from error
    if "what" in told:
        raise BadTemplate(told["what"], remedy=told["remedy"])
    restore(told["state"])
    _make_ready(env, told["used"])
    return str(told["output"])


def _make_ready(env: TemplateEnvironment, used: list[str]) -> None:
    """Translate here, for the children to come, what a child has translated within its limits."""
    for template in used:
        env.get_template(template)
