"""From what a user asked for to what will run: images bound to their IDs, readiness, network and limits chosen and checked."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace

from explorer.coldstart.floor import native_program
from explorer.coldstart.options import option
from explorer.coldstart.probe import default_readiness, parse_readiness
from explorer.coldstart.sample import Environment
from explorer.coldstart.spec import DEADLINE, NORMAL, WARM_UPS, Arm, Spec, check, usual_memory_limit
from explorer.engine.client import Engine
from explorer.engine.running import Host, describe_host, interface_gone, network_named
from explorer.errors import InputError
from explorer.image.model import Image
from explorer.translation import listed, ntr, sentences, tr
from explorer.units import display_text, size_text

SHARED = "shared"


@dataclass(frozen=True)
class Request:
    """What the user asked for. With one reference and a `trial_env`, a second arm differs by these variables only.

    `ready` is "" for what the image suggests; `seed` -1 draws one; `memory_bytes` -1 is the usual limit, 0 none.
    `window` says where it was asked, for hints name what the user sees there.
    """

    references: tuple[str, ...]
    ready: str = ""
    runs: int = NORMAL
    warm_ups: int = WARM_UPS
    seed: int = -1
    network: str = "bridge"
    precision: bool = False
    cold_cache: bool = False
    floor: bool = True
    env: tuple[str, ...] = ()
    trial_env: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    deadline: float = DEADLINE
    memory_bytes: int = -1
    cpus: float = 0.0
    allow_remote: bool = False
    closer: bool = False
    window: bool = False

    def named(self, *names: str) -> dict[str, str]:
        """What choices are called where the user makes them."""
        return {name: option(name, window=self.window) for name in names}


@dataclass(frozen=True)
class Plan:
    """What will run, and where; `images` are the images of the arms that have one, in their order;
    `closer` adds two containers an arm that are no part of the sample (diagnose)."""

    spec: Spec
    environment: Environment
    images: tuple[Image, ...]
    closer: bool = False

    def describe(self) -> list[str]:
        """What will run, line by line, for the user to agree to; names and commands are made harmless."""
        lines = []
        for arm, image in zip(self.spec.arms, self.images, strict=False):
            lines.append(
                tr(
                    "{label}: {reference}, image {id}",
                    label=arm.label,
                    reference=display_text(arm.reference, 120),
                    id=display_text(arm.image_id.removeprefix("sha256:")[:12]),
                )
            )
            words = (*image.config.entrypoint, *(arm.command or image.config.cmd))
            lines.append("  " + tr("runs {command}", command=display_text(" ".join(words), 300)))
            if arm.env:
                lines.append("  " + tr("with {env}", env=display_text(" ".join(arm.env), 300)))
            lines.append(
                "  " + tr("ready: {readiness}", readiness=display_text(str(arm.readiness), 200))
            )
        lines.append(self._sizes())
        lines.append(self._limits())
        if self.closer:
            lines.append(tr("then two more starts of each image, to look closer"))
        lines += [tr("note: {text}", text=note) for note in self.environment.notes]
        return lines

    def _sizes(self) -> str:
        return ntr(
            "{n} container, in random order (seed {seed}); of each arm {runs} counted and {warm_ups} discarded",
            "{n} containers, in random order (seed {seed}); of each arm {runs} counted and {warm_ups} discarded",
            self.spec.steps,
            seed=self.spec.seed,
            runs=self.spec.runs,
            warm_ups=self.spec.warm_ups,
        )

    def _limits(self) -> str:
        memory = self.spec.memory_bytes
        ports = sorted({arm.readiness.port for arm in self.spec.arms if arm.readiness.port})
        return tr(
            "each with at most {memory} of memory, {cpus} and {n} processes, {seconds} s to get ready; network {network}, {ports}",
            memory=size_text(memory) if memory else tr("any amount"),
            cpus=tr("{n} processors", n=f"{self.spec.cpus:g}")
            if self.spec.cpus
            else tr("all processors"),
            n=self.spec.process_limit,
            seconds=f"{self.spec.deadline:g}",
            network=self.spec.network,
            ports=(
                tr("port {ports} published on 127.0.0.1", ports=listed(map(str, ports)))
                if self.environment.published and ports
                else tr("no published port")
            ),
        )


def plan(engine: Engine, request: Request) -> Plan:
    """Look at the engine and the images and decide; InputError, ImageNotFound, EngineError."""
    host = describe_host(engine)
    environment = _environment(engine, host, request)
    images = [engine.image(reference) for reference in request.references]
    arms = _arms(request, images)
    notes = [*environment.notes, *_image_notes(images, host)]
    if request.floor and native_program(host.architecture) is not None:
        arms.append(Arm("floor", kind="floor"))
    elif request.floor:
        notes.append(
            tr(
                "The engine's floor is not measured: the helper program is not available for {arch}.",
                arch=host.architecture,
            )
        )
    memory = (
        request.memory_bytes if request.memory_bytes >= 0 else usual_memory_limit(host.memory_bytes)
    )
    spec = check(
        Spec(
            arms=tuple(arms),
            runs=request.runs,
            warm_ups=request.warm_ups,
            seed=request.seed if request.seed >= 0 else secrets.randbits(32),
            network=SHARED if request.precision else request.network,
            cold_cache=request.cold_cache,
            deadline=request.deadline,
            memory_bytes=memory,
            cpus=request.cpus,
        )
    )
    _check_network(engine, spec, environment, request)
    _check_reachable(spec, environment, request)
    used = [images[place] if len(images) > 1 else images[0] for place in spec.measured]
    emulated = any(_foreign(image, host) for image in images)
    environment = replace(environment, notes=tuple(notes), emulated=emulated)
    return Plan(spec, environment, tuple(used), request.closer)


def _arms(request: Request, images: Sequence[Image]) -> list[Arm]:
    if not 1 <= len(images) <= 2:
        raise InputError(tr("One or two images can be measured."), tr("Name before and after."))
    if request.trial_env and len(images) == 2:
        raise InputError(
            tr("Two images and variables to try would be two differences at once."),
            tr(
                "Name one image with {trial}, or set the variables in both with {env}.",
                **request.named("trial", "env"),
            ),
        )
    labels = ("A", "B")
    arms = []
    for label, image in zip(labels, images, strict=False):
        readiness = (
            parse_readiness(request.ready, image.config)
            if request.ready
            else default_readiness(image.config)
        )
        arms.append(
            Arm(
                label,
                image.reference,
                image.id,
                request.env,
                request.command,
                "image",
                readiness,
                image.config.healthcheck,
                image.config.exposed_ports,
            )
        )
    if request.trial_env:
        arms.append(replace(arms[0], label="B", env=(*request.env, *request.trial_env)))
    return arms


def _environment(engine: Engine, host: Host, request: Request) -> Environment:
    info = engine.describe()
    notes = [info.warning] if info.warning else []
    if info.remote:
        if not request.allow_remote:
            raise InputError(
                tr("The engine at {url} is on another machine.", url=info.endpoint),
                tr(
                    "Times would include the network's; measure there, or confirm with {remote}.",
                    **request.named("remote"),
                ),
            )
        notes.append(
            tr(
                "The engine is on another machine: times include the network's, all by this machine's clock."
            )
        )
    if engine.podman:
        notes.append(
            tr(
                "Podman makes ready what runs before the start request: its share is not comparable with Docker's."
            )
        )
    if info.machine:
        notes.append(
            tr(
                "The engine runs in a virtual machine ({name}): all times are by this machine's clock.",
                name=info.machine,
            )
        )
    return Environment(
        engine=info.product,
        engine_version=info.version,
        endpoint=info.endpoint,
        driver=info.driver,
        host=host.name,
        kernel=host.kernel,
        architecture=host.architecture,
        cpus=host.cpus,
        memory_bytes=host.memory_bytes,
        machine=info.machine,
        remote=info.remote,
        published=bool(info.machine or info.rootless or info.remote),
        network=SHARED if request.precision else request.network,
        cache="page-cache-cold" if request.cold_cache else "warm",
        log_driver=host.log_driver,
        cgroup_version=host.cgroup_version,
        notes=tuple(notes),
    )


def _image_notes(images: Sequence[Image], host: Host) -> list[str]:
    return [
        tr(
            "{name} is for {platform} and the engine runs {arch}: its starts are emulated.",
            name=display_text(image.reference, 120),
            platform=image.platform,
            arch=host.architecture,
        )
        for image in images
        if _foreign(image, host)
    ]


def _foreign(image: Image, host: Host) -> bool:
    return bool(image.platform.architecture) and image.platform.architecture != host.architecture


def _check_network(engine: Engine, spec: Spec, environment: Environment, request: Request) -> None:
    """Refuse what the engine would refuse at each start: a network that is not there, or one whose interface is gone."""
    name = "bridge" if spec.network in (SHARED, "default") else spec.network
    if engine.podman or name in ("none", "host") or name.startswith("container:"):
        return
    hint = tr(
        "Name one of its networks with {network}, or choose none there and {log} or {exit}.",
        **request.named("network", "log", "exit"),
    )
    network = network_named(engine, name)
    if network is None:
        raise InputError(
            tr(
                "The engine has no network {name}, so no container can start in it.",
                name=display_text(name, 80),
            ),
            hint,
        )
    here = not (environment.remote or environment.machine or environment.published)
    if here and interface_gone(network, environment.host):
        raise InputError(
            tr(
                "The interface {interface} of the engine's network {name} is gone, so no container can start in it.",
                interface=display_text(network.interface, 40),
                name=display_text(name, 80),
            ),
            sentences(tr("Restarting the engine makes it again."), hint),
        )


def _check_reachable(spec: Spec, environment: Environment, request: Request) -> None:
    kinds = {spec.arms[place].readiness.kind for place in spec.measured}
    if not kinds & {"http", "tcp"}:
        return
    if environment.remote:
        raise InputError(
            tr("Ports of containers on another machine are not asked from here."),
            tr("Use {log} or {exit} there.", **request.named("log", "exit")),
        )
    if environment.published and "tcp" in kinds:
        raise InputError(
            tr(
                "The container's own address cannot be reached, and a published port is open before the app listens."
            ),
            tr("Use {http} or {log}.", **request.named("http", "log")),
        )
    if environment.published and spec.network == SHARED:
        raise InputError(
            tr(
                "A network made beforehand is asked at its own address, which cannot be reached here."
            ),
            tr("Measure without {precision}, or use {log}.", **request.named("precision", "log")),
        )
    if spec.network == "none":
        raise InputError(
            tr("Without a network no port can be asked."),
            tr("Use {log} or {exit}.", **request.named("log", "exit")),
        )
