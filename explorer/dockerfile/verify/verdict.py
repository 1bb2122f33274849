"""Compare two images: the one way in. Nothing of either is changed, all that was started is removed."""

from __future__ import annotations

from dataclasses import replace

from explorer.dockerfile.verify.config import config_check, config_document
from explorer.dockerfile.verify.dynamic import dynamic_checks
from explorer.dockerfile.verify.model import (
    DIFFERS,
    INCONCLUSIVE,
    NOT_REACHED,
    PUBLISHED,
    SAME,
    Check,
    Observation,
    Verification,
    VerifyOptions,
)
from explorer.dockerfile.verify.observe import observe
from explorer.dockerfile.verify.reach import Reach, opened_reach
from explorer.dockerfile.verify.rootfs import RootFs, opened_rootfs
from explorer.dockerfile.verify.static import static_checks
from explorer.dockerfile.verify.watch import Questions
from explorer.engine.client import Engine
from explorer.engine.running import describe_host
from explorer.image.model import Image
from explorer.task import Task
from explorer.translation import listed, tr

# Of the engine's memory, at most this part for one container.
_MEMORY_SHARE = 4


def verify(
    task: Task,
    engine: Engine,
    old_image: str,
    new_image: str,
    options: VerifyOptions = VerifyOptions(),
) -> Verification:
    """Whether the new image behaves as the old one; images by name or ID, both in the engine.

    Raises ImageNotFound, EngineRefused, EngineLost; a difference is no error.
    """
    old, new = engine.image(old_image), engine.image(new_image)
    task.progress(tr("Looking into both images"))
    checks = [
        config_check(
            config_document(engine, old.id), config_document(engine, new.id), options.intended
        )
    ]
    with opened_rootfs(engine, task, old) as before, opened_rootfs(engine, task, new) as after:
        checks += static_checks(task, before, after, options)
        untested = _untested(after)
    if not options.run:
        untested = (tr("Neither image was started."), *untested)
    elif any(_prevents_start(check) for check in checks):
        untested = (tr("The images were not started: the new one cannot."), *untested)
    else:
        found, more = _run(task, engine, old, new, options)
        checks += found
        untested = (*more, *untested)
    return Verification(verdict_of(checks, ran=options.run), tuple(checks), untested)


def verdict_of(checks: list[Check], *, ran: bool = True) -> str:
    """One difference decides; what could not be told is never called the same."""
    results = {check.result for check in checks}
    if DIFFERS in results:
        return DIFFERS
    return INCONCLUSIVE if INCONCLUSIVE in results or not ran else SAME


def _prevents_start(check: Check) -> bool:
    return check.result == DIFFERS and check.name in (
        tr("The program is there"),
        tr("Architecture"),
    )


def _run(
    task: Task, engine: Engine, old: Image, new: Image, options: VerifyOptions
) -> tuple[list[Check], tuple[str, ...]]:
    """Start the old image, the new one, the old one again; the checks, and what they could not cover."""
    memory = describe_host(engine).memory_bytes // _MEMORY_SHARE
    if memory:
        options = replace(options, memory_bytes=min(options.memory_bytes, memory))
    with opened_reach(engine, task, options.reach) as reach:
        seen: list[Observation] = []
        questions = Questions()
        for number, (image, text) in enumerate(
            (
                (old, tr("Starting the old image")),
                (new, tr("Starting the new image")),
                (old, tr("Starting the old image again")),
            )
        ):
            task.progress(text, number, 3)
            observation, questions = observe(engine, task, image, reach, options, questions)
            seen.append(observation)
    first, changed, second = seen
    return dynamic_checks(first, second, changed, options, task), _not_covered(
        first, questions, reach
    )


def _not_covered(old: Observation, questions: Questions, reach: Reach) -> tuple[str, ...]:
    notes = []
    if reach.way != PUBLISHED:
        text = tr(
            "Both ran without network: what the program asks of other machines was not tried."
        )
        notes.append(text)
    if reach.way == NOT_REACHED:
        notes.append(tr("The containers' ports could not be reached from here."))
    elif old.ports:
        asked = listed(questions.paths)
        notes.append(tr("Only these paths were asked for: {paths}.", paths=asked))
        notes.append(tr("No forms, uploads, logins or other requests that change something."))
    return tuple(notes)


def _untested(fs: RootFs) -> tuple[str, ...]:
    """What the program can do by its own function table and nothing here tries."""
    data = fs.entry[0]
    notes = []
    if b"crypto/tls.(*Conn).clientHandshake" in data:
        notes.append(tr("TLS connections to other servers (the certificates were compared)."))
    if b"os/exec.(*Cmd).Start" in data:
        notes.append(tr("Programs that the program itself starts."))
    notes.append(tr("Load, and running for longer than some seconds."))
    return tuple(notes)
