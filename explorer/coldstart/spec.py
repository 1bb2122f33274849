"""What is to be measured: the arms, how often, how, and within which limits."""

from __future__ import annotations

from dataclasses import dataclass

from explorer.coldstart.probe import EXIT, Readiness
from explorer.errors import InputError
from explorer.translation import tr

# research: 20 pairs see 40 ms of a noisy total in half the cases; fixed in advance, not repeated until it pleases.
QUICK, NORMAL, CAREFUL = 10, 20, 40
RUN_LIMIT = 1000
WARM_UPS = 2
DEADLINE = 30.0
# A fork bomb ends here; an ordinary program never comes near.
PROCESS_LIMIT = 1024
_MEMORY_LIMIT = 2 << 30
_MEMORY_SHARE = 4


@dataclass(frozen=True)
class Arm:
    """One side of the comparison: `kind` is image, or floor (our program that exits at once).

    `env` are NAME=VALUE texts added to the image's own; `command` replaces its CMD where it is not empty. `readiness` is
    the arm's own because before and after may expose different ports. `healthcheck` and `exposed_ports` are the image's
    own, as its config has them: what a pod's probes can be made of when readiness was seen in the log.
    """

    label: str
    reference: str = ""
    image_id: str = ""
    env: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    kind: str = "image"
    readiness: Readiness = EXIT
    healthcheck: tuple[str, ...] = ()
    exposed_ports: tuple[str, ...] = ()


@dataclass(frozen=True)
class Spec:
    """A measurement as planned; `network` is bridge, shared (a network namespace made beforehand), none or a network's name.

    `memory_bytes` and `cpus` are limits of every container, 0 for none; `deadline` is seconds from start to ready.
    """

    arms: tuple[Arm, ...]
    runs: int = NORMAL
    warm_ups: int = WARM_UPS
    seed: int = 0
    network: str = "bridge"
    cold_cache: bool = False
    deadline: float = DEADLINE
    memory_bytes: int = 0
    cpus: float = 0.0
    process_limit: int = PROCESS_LIMIT

    @property
    def measured(self) -> tuple[int, ...]:
        """The places of the arms that are images."""
        return tuple(place for place, arm in enumerate(self.arms) if arm.kind == "image")

    @property
    def steps(self) -> int:
        """How many containers will run, warm-ups included."""
        return (self.runs + self.warm_ups) * len(self.arms)


def check(spec: Spec) -> Spec:
    """`spec` itself; InputError when it cannot be measured."""
    if not 1 <= spec.runs <= RUN_LIMIT:
        raise InputError(
            tr("{n} runs cannot be measured.", n=spec.runs),
            tr("Choose from 1 to {limit}; 20 is a good number.", limit=RUN_LIMIT),
        )
    if not 0.1 <= spec.deadline <= 3600:
        raise InputError(
            tr("A deadline of {n} s cannot be used.", n=spec.deadline),
            tr("Choose from 0.1 to 3600 seconds."),
        )
    for arm in spec.arms:
        for item in arm.env:
            name, equals, _ = item.partition("=")
            if not name or not equals or "\0" in item:
                raise InputError(
                    tr("{text} sets no environment variable.", text=repr(item)),
                    tr("Write NAME=VALUE, for example GOGC=20."),
                )
    return spec


def usual_memory_limit(engine_bytes: int) -> int:
    """Bytes of memory for one container: 2 GiB, or a quarter of what the engine's machine has if that is less."""
    return min(_MEMORY_LIMIT, engine_bytes // _MEMORY_SHARE) if engine_bytes else _MEMORY_LIMIT
