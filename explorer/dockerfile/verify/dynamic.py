"""Runs of the old image, of the old one again and of the new one, compared check by check."""

from __future__ import annotations

from collections.abc import Mapping

from explorer.dockerfile.verify.model import (
    DIFFERS,
    DYNAMIC,
    INCONCLUSIVE,
    NOT_REACHED,
    SAME,
    Answer,
    Check,
    Observation,
    VerifyOptions,
)
from explorer.dockerfile.verify.normal import Judgement, judge, judge_lines, judge_paths
from explorer.task import Task
from explorer.translation import listed, ntr, sentences, tr
from explorer.units import display_text

# Headers that tell the time, belong to one connection, or follow from the body, which is compared itself.
_HEADERS_LEFT_OUT = frozenset({"date", "age", "connection", "keep-alive", "content-length"})
# A stop that takes this long was not prompt; a loaded machine needs some tenths of a second.
_PROMPT_SECONDS = 3.0
_SHOWN = 160
_LOG_SHOWN = 3


def dynamic_checks(
    old: Observation,
    again: Observation,
    new: Observation,
    options: VerifyOptions,
    task: Task = Task(),
) -> list[Check]:
    """All checks; the second run of the old image tells what varies by itself."""
    checks = [_starts(old, again, new)]
    checks += [check for check in (_ready(old, again, new, options),) if check is not None]
    if not _comparable(old, new):
        return checks
    if old.running and new.running:
        checks += [_ports(old, again, new), *_answers(old, again, new, task)]
        checks += [check for check in (_health(old, again, new),) if check is not None]
        checks.append(_stop(old, again, new, options))
    checks.append(_log(old, again, new))
    checks.append(_written(old, again, new))
    return checks


def _check(name: str, result: str, evidence: str) -> Check:
    return Check(name, DYNAMIC, result, evidence)


def _comparable(old: Observation, new: Observation) -> bool:
    return not (old.exit_code == -1 or new.exit_code == -1) and old.running == new.running


def _starts(old: Observation, again: Observation, new: Observation) -> Check:
    name = tr("Starts, and ends as before")
    if (old.running, old.exit_code) != (again.running, again.exit_code):
        return _check(
            name,
            INCONCLUSIVE,
            tr(
                "The old image itself: {first}, then {second}.",
                first=_state(old),
                second=_state(again),
            ),
        )
    if (old.running, old.exit_code) != (new.running, new.exit_code) or (old.error != "") != (
        new.error != ""
    ):
        evidence = tr("Old: {old}. New: {new}.", old=_state(old), new=_state(new))
        last = " / ".join(new.log[-_LOG_SHOWN:])
        if last:
            said = tr("Its last lines: {lines}", lines=display_text(last, 400))
            evidence = sentences(evidence, said)
        return _check(name, DIFFERS, evidence)
    if not old.running and old.exit_code:
        last = " / ".join(old.log[-_LOG_SHOWN:])
        evidence = tr(
            "Both end at once: {state}. What the program does when it can work is not known.",
            state=_state(old),
        )
        said = tr("Its last lines: {lines}", lines=display_text(last, 400)) if last else ""
        return _check(name, INCONCLUSIVE, sentences(evidence, said))
    return _check(name, SAME, tr("Both: {state}.", state=_state(new)))


def _ready(
    old: Observation, again: Observation, new: Observation, options: VerifyOptions
) -> Check | None:
    """Whether what the user named was seen; without it in the old image nothing that follows means much."""
    if options.ready is None:
        return None
    name = tr("Becomes ready ({how})", how=display_text(str(options.ready), 80))
    if not (old.ready and again.ready):
        text = tr("The old image did not within {n} s.", n=f"{options.start_seconds:.0f}")
        return _check(name, INCONCLUSIVE, text)
    if not new.ready:
        text = tr(
            "The old image did, the new one not within {n} s.", n=f"{options.start_seconds:.0f}"
        )
        return _check(name, DIFFERS, text)
    return _check(name, SAME, tr("Both did."))


def _state(seen: Observation) -> str:
    if seen.error and seen.exit_code:
        return display_text(seen.error.rstrip("."), 300)
    if seen.running:
        return tr("runs")
    if seen.out_of_memory:
        return tr("ended for lack of memory")
    return tr("ended with exit code {code}", code=seen.exit_code)


def _ports(old: Observation, again: Observation, new: Observation) -> Check:
    name = tr("Listens on the same ports")
    first, second, third = set(old.ports), set(again.ports), set(new.ports)
    steady = first & second
    if not (old.ports_seen and new.ports_seen):
        return _check(
            name, INCONCLUSIVE, tr("No port is declared, and the engine's machine cannot be asked.")
        )
    if not first and not third:
        return _check(name, SAME, tr("None."))
    if steady - third or third - first - second:
        evidence = tr("Old: {old}. New: {new}.", old=_joined(old.ports), new=_joined(new.ports))
        return _check(name, DIFFERS, evidence)
    return _check(name, SAME, _joined(sorted(third)))


def _answers(old: Observation, again: Observation, new: Observation, task: Task) -> list[Check]:
    """One check for each path of each port."""
    if new.reached == NOT_REACHED and old.ports:
        return [
            _check(tr("HTTP answers"), INCONCLUSIVE, tr("The containers could not be reached."))
        ]
    checks = []
    for key, before in old.answers.items():
        task.checkpoint()
        missing = Answer(error=tr("not asked"))
        between, after = again.answers.get(key, missing), new.answers.get(key, missing)
        if before.error and before.error == between.error == after.error:
            name = tr("Port {port}", port=key.partition("/")[0])
            checks.append(
                _check(name, SAME, tr("Neither answers HTTP ({reason}).", reason=before.error))
            )
            continue
        checks.append(_answer(key, before, between, after))
    return checks


def _answer(key: str, old: Answer, again: Answer, new: Answer) -> Check:
    port, _, path = key.partition("/")
    name = tr("GET /{path} on port {port}", path=display_text(path, 120), port=port)
    if old.error or again.error:
        result = INCONCLUSIVE if old.error != again.error or new.error else DIFFERS
        return _check(name, result, tr("Old: {old}. New: {new}.", old=_brief(old), new=_brief(new)))
    if new.error or old.status != new.status:
        if old.status != again.status:
            return _check(name, INCONCLUSIVE, tr("The old image answers differently each time."))
        return _check(
            name, DIFFERS, tr("Old: {old}. New: {new}.", old=_brief(old), new=_brief(new))
        )
    for what, judgement in (
        (tr("headers"), judge(*(_headers(a.headers) for a in (old, again, new)))),
        (tr("body"), _bodies(old, again, new)),
    ):
        if judgement.result != SAME:
            return _check(name, judgement.result, _told(what, judgement))
    varies = judge(old.body, again.body, new.body).how
    evidence = _brief(new)
    if varies:
        left_out = tr("(times and other parts that vary by themselves left out)")
        evidence = sentences(evidence, left_out)
    return _check(name, SAME, evidence)


def _bodies(old: Answer, again: Answer, new: Answer) -> Judgement:
    if old.digest == again.digest == new.digest:
        return Judgement(SAME)
    judgement = judge(old.body, again.body, new.body)
    if judgement.result == SAME and not judgement.how:
        # Equal as text, other bytes: not text at all.
        return Judgement(DIFFERS if old.digest == again.digest else INCONCLUSIVE)
    return judgement


def _headers(headers: Mapping[str, str]) -> str:
    kept = {name: value for name, value in headers.items() if name not in _HEADERS_LEFT_OUT}
    return "\n".join(f"{name}: {value}" for name, value in sorted(kept.items()))


def _brief(answer: Answer) -> str:
    if answer.error:
        return tr("no answer ({reason})", reason=answer.error)
    kind = answer.headers.get("content-type", "")
    return display_text(f"{answer.status} {kind}".strip(), _SHOWN)


def _health(old: Observation, again: Observation, new: Observation) -> Check | None:
    if not old.health and not new.health:
        return None
    name = tr("Health check")
    if old.health != again.health:
        return _check(name, INCONCLUSIVE, tr("The old image's health varies."))
    result = SAME if old.health == new.health else DIFFERS
    return _check(
        name, result, tr("Old: {old}. New: {new}.", old=old.health or "—", new=new.health or "—")
    )


def _stop(old: Observation, again: Observation, new: Observation, options: VerifyOptions) -> Check:
    name = tr("Stops as before")
    first, second, third = (_ending(seen, options) for seen in (old, again, new))
    if first != second:
        return _check(
            name,
            INCONCLUSIVE,
            tr("The old image itself: {first}, then {second}.", first=first, second=second),
        )
    result = SAME if third == first else DIFFERS
    # Behind a shell the program got no signal; without one it does, which is what the change is for.
    heard = "stop" in options.intended and old.stop_killed and not new.stop_killed
    seconds = tr("{old:.1f} s and {new:.1f} s", old=old.stop_seconds, new=new.stop_seconds)
    evidence = tr("Old: {old}. New: {new} ({seconds}).", old=first, new=third, seconds=seconds)
    if heard:
        meant = tr("As intended: the program gets the signal itself, without a shell.")
        evidence = sentences(evidence, meant)
    return _check(name, SAME if heard else result, evidence)


def _ending(seen: Observation, options: VerifyOptions) -> str:
    if seen.stop_killed:
        return tr("had to be killed after {n} s", n=options.stop_seconds)
    if seen.stop_seconds < _PROMPT_SECONDS:
        return tr("at once, exit code {code}", code=seen.stop_code)
    return tr("slowly, exit code {code}", code=seen.stop_code)


def _log(old: Observation, again: Observation, new: Observation) -> Check:
    name = tr("Output")
    judgement = judge_lines(old.log, again.log, new.log)
    if judgement.result == SAME:
        return _check(name, SAME, ntr("{n} line.", "{n} lines.", len(new.log)))
    return _check(name, judgement.result, _told(tr("lines"), judgement))


def _written(old: Observation, again: Observation, new: Observation) -> Check:
    name = tr("Files written")
    judgement = judge_paths(old.written, again.written, new.written)
    if judgement.result == SAME:
        return _check(name, SAME, ntr("{n} path.", "{n} paths.", len(new.written)))
    return _check(name, DIFFERS, _told(tr("paths"), judgement))


def _told(what: str, judgement: Judgement) -> str:
    old, new = (display_text(text, _SHOWN) or "—" for text in (judgement.old, judgement.new))
    if judgement.result == INCONCLUSIVE:
        return tr(
            "{what}: the old image itself varies ({old} → {new}).", what=what, old=old, new=new
        )
    return tr("{what}: {old} → {new}", what=what, old=old, new=new)


def _joined(ports: tuple[str, ...] | list[str]) -> str:
    return listed(ports) or "—"
