"""A whole measurement: its arms in turn, each run saved as soon as it is there, everything of ours removed at the end."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from explorer.coldstart import coldcache, inittrace, pressure
from explorer.coldstart.diagnose import Diagnosis, as_document, diagnose, with_packages
from explorer.coldstart.floor import floor_image, sweep_images
from explorer.coldstart.plan import SHARED, Plan
from explorer.coldstart.probe import Readiness
from explorer.coldstart.runner import Streams, Target, measure, open_streams
from explorer.coldstart.sample import OK, REFUSED, Environment, Run, Sample
from explorer.coldstart.schedule import Step, schedule, seconds_left
from explorer.coldstart.spec import Arm, Spec
from explorer.coldstart.stats import label_outliers
from explorer.coldstart.store import Store
from explorer.engine.client import Engine
from explorer.engine.running import Limits, Start, address_of, container
from explorer.engine.sweep import sweep
from explorer.errors import EngineError, EngineRefused, ExplorerError, StorageError
from explorer.task import Task
from explorer.translation import sentences, tr
from explorer.units import display_text

# Whoever failed this often and never was ready, will not be.
GIVE_UP_AFTER = 3
# moby, daemon/container_operations.go: what no other run of the measurement would fare better with.
_NO_NETWORK = "failed to create endpoint"

Execute = Callable[[Step, int], Run]
Keep = Callable[[Sample], None]
# What the program of an arm says about its packages; ExplorerError where it cannot be read.
Inside = Callable[[Arm], Mapping[str, inittrace.Inside]]


def perform(
    task: Task,
    engine: Engine,
    plan: Plan,
    store: Store,
    note: str = "",
    inside: Inside | None = None,
) -> Sample:
    """Measure as planned, and look closer at one more start of each arm where that is wanted. Each run is saved and handed to task.partial; what was measured before an error stays saved.

    `inside` is asked for the packages of a program whose init work was traced, when all containers are gone.
    """
    task.progress(tr("Looking for leftovers of earlier sessions"))
    sweep(engine)
    sweep_images(engine)
    sample = new_sample(plan.spec, plan.environment, note)
    keeper = _Keeper(store)
    try:
        with bench(engine, task, plan.spec, plan.environment) as stand:
            sample = take_turns(task, sample, stand.run, keeper.keep)
            found = tuple(_look_closer(task, stand, sample)) if plan.closer else ()
        if found:
            sample = replace(sample, diagnostics=tuple(map(as_document, found)))
            keeper.keep(sample)
        if inside is not None and found:
            joined = [
                _look_inside(task, sample.spec.arms[item.arm], item, inside) for item in found
            ]
            sample = replace(sample, diagnostics=tuple(map(as_document, joined)))
            keeper.keep(sample)
    except EngineError as error:
        if keeper.runs:
            kept = tr("The finished runs are in the history as {id}.", id=sample.id)
            error.hint = sentences(error.hint, kept).strip()
        raise
    if keeper.problem:
        notes = (*sample.environment.notes, keeper.problem)
        sample = replace(sample, environment=replace(sample.environment, notes=notes))
    return sample


def new_sample(spec: Spec, environment: Environment, note: str = "") -> Sample:
    """A measurement that has not begun."""
    now = datetime.now(UTC)
    return Sample(
        id=f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}",
        created=now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        spec=spec,
        environment=replace(environment, load_at_start=pressure.load_average()),
        note=note,
    )


def take_turns(task: Task, sample: Sample, execute: Execute, keep: Keep) -> Sample:
    """Run every step of the schedule; `keep` gets the state after each."""
    steps = schedule(sample.spec)
    durations: list[float] = []
    for order, step in enumerate(steps):
        task.progress(_progress(step, sample.spec, durations, len(steps)), order, len(steps))
        began = time.monotonic()
        run = replace(execute(step, order), warm_up=step.warm_up)
        if order == 0 and run.status == REFUSED and _NO_NETWORK in run.detail:
            raise EngineRefused(
                run.detail,
                tr(
                    "No container can start in the network {name}: restart the engine, or choose another of its networks.",
                    name=display_text(sample.spec.network, 80),
                ),
            )
        durations.append(time.monotonic() - began)
        sample = replace(sample, runs=(*sample.runs, run))
        sample = replace(sample, spec=_with_path(sample.spec, run))
        keep(sample)
        task.partial(run)
        if _hopeless(sample, step.arm):
            break
    else:
        sample = replace(sample, complete=True)
    sample = label_outliers(sample)
    keep(sample)
    task.progress(tr("Measured"), len(steps), len(steps))
    return sample


def _look_closer(task: Task, stand: Stand, sample: Sample) -> Iterator[Diagnosis]:
    for place in sample.spec.measured:
        arm = sample.spec.arms[place]
        task.progress(tr("Looking closer at a start of {arm}", arm=arm.label))
        yield diagnose(stand.streams, stand.targets[place], arm, place)


def _look_inside(task: Task, arm: Arm, found: Diagnosis, inside: Inside) -> Diagnosis:
    """The diagnosis with the packages' modules, versions and code; a program that cannot be read is a remark."""
    if not found.inits:
        return found
    task.progress(tr("Reading the packages of {arm}", arm=arm.label))
    try:
        return with_packages(found, inside(arm))
    except ExplorerError as error:
        problem = tr("The packages' sizes are not known: {reason}", reason=error.message)
        return replace(found, problems=(*found.problems, problem))


@dataclass
class Stand:
    """Everything that the runs of a measurement share; `targets` are the arms', in their order."""

    streams: Streams
    spec: Spec
    environment: Environment
    targets: list[Target]

    def run(self, step: Step, order: int) -> Run:
        """Make one run."""
        arm, target = self.spec.arms[step.arm], self.targets[step.arm]
        cold = self.spec.cold_cache and arm.kind == "image"
        architecture = self.environment.architecture
        left = coldcache.evict(self.streams, arm.image_id, architecture) if cold else None
        run = measure(self.streams, target, step.arm, step.index, order)
        if run.path and len(target.readiness.paths) > 1:
            only = _only(target.readiness, run.path)
            self.targets[step.arm] = replace(target, readiness=only)
        if left is None:
            return run
        found = coldcache.count(self.streams, arm.image_id, architecture)
        return replace(
            run,
            resident_pages=left.after,
            touched_pages=max(0, found.after - left.after),
            image_pages=left.pages,
        )


@contextmanager
def bench(engine: Engine, task: Task, spec: Spec, environment: Environment) -> Iterator[Stand]:
    """Make what the runs share, and remove it at the end."""
    with ExitStack() as stack:
        streams = stack.enter_context(open_streams(engine, task))
        floor = ""
        if spec.network == SHARED or any(arm.kind == "floor" for arm in spec.arms):
            task.progress(tr("Loading the floor image"))
            image = floor_image(engine, task, streams.wire, environment.architecture)
            floor = stack.enter_context(image)
        network, address = spec.network, ""
        if spec.network == SHARED:
            network, address = stack.enter_context(_namespace(streams, floor))
        targets = [_target(spec, environment, arm, floor, network, address) for arm in spec.arms]

        yield Stand(streams, spec, environment, targets)


@contextmanager
def _namespace(streams: Streams, floor: str) -> Iterator[tuple[str, str]]:
    """A network namespace made beforehand, as a pod has one: network mode and address of containers in it."""
    start = Start(floor, command=("pause",), limits=Limits(processes=16, memory_bytes=64 << 20))
    with container(streams.engine, streams.task, streams.wire, start) as pause:
        streams.wire.call("POST", f"/containers/{pause.name}/start")
        address = address_of(streams.wire.call("GET", f"/containers/{pause.name}/json"))
        if not address:
            raise EngineRefused(
                tr("The network made for the measurement has no address."),
                tr("Measure without a network made beforehand."),
            )
        yield f"container:{pause.id}", address


def _target(
    spec: Spec, environment: Environment, arm: Arm, floor: str, network: str, address: str
) -> Target:
    readiness = arm.readiness
    publish = environment.published and spec.network != SHARED and readiness.kind == "http"
    return Target(
        start=Start(
            image_id=floor if arm.kind == "floor" else arm.image_id,
            env=arm.env,
            command=arm.command,
            network=network,
            publish=(readiness.port,) if publish else (),
            limits=Limits(spec.memory_bytes, spec.cpus, spec.process_limit),
            log_driver=environment.log_driver,
        ),
        readiness=readiness,
        deadline=spec.deadline,
        address=address,
        published=environment.published,
        same_clock=not (environment.remote or environment.machine),
        local_processes=not (environment.remote or environment.machine),
    )


def _only(readiness: Readiness, path: str) -> Readiness:
    """The path that answered is the one to ask from now on: trying the others first would cost time."""
    return replace(readiness, paths=(path,))


def _with_path(spec: Spec, run: Run) -> Spec:
    """The same in the measurement's own description."""
    arm = spec.arms[run.arm]
    if not run.path or len(arm.readiness.paths) < 2:
        return spec
    arms = list(spec.arms)
    arms[run.arm] = replace(arm, readiness=_only(arm.readiness, run.path))
    return replace(spec, arms=tuple(arms))


def _hopeless(sample: Sample, arm: int) -> bool:
    statuses = [run.status for run in sample.runs if run.arm == arm]
    return len(statuses) >= GIVE_UP_AFTER and OK not in statuses


def _progress(step: Step, spec: Spec, durations: list[float], total: int) -> str:
    left = seconds_left(durations, total)
    label = spec.arms[step.arm].label
    done = len(durations) + 1
    if left is None:
        return tr("Run {n} of {total} ({arm})", n=done, total=total, arm=label)
    return tr(
        "Run {n} of {total} ({arm}), about {seconds} s left",
        n=done,
        total=total,
        arm=label,
        seconds=max(1, round(left)),
    )


class _Keeper:
    """Saves; a full disk costs the history, not the measurement."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.problem = ""
        self.runs = 0

    def keep(self, sample: Sample) -> None:
        try:
            self._store.save(sample)
            self.runs = len(sample.runs)
        except StorageError as error:
            self.problem = error.message
