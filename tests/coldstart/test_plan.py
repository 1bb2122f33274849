"""What is decided before anything runs, with an engine of a few values."""

from __future__ import annotations

import socket
from dataclasses import replace
from typing import Any, cast

import pytest

from explorer.coldstart.plan import Plan, Request, plan
from explorer.engine.client import Engine, EngineInfo
from explorer.errors import InputError
from explorer.image.model import Config, Image, Platform

INFO = EngineInfo(
    product="Docker",
    version="28.5",
    api_version="1.51",
    endpoint="unix:///run/docker.sock",
    found="",
    driver="overlay2",
    root_folder="/var/lib/docker",
    containerd_address="",
    containerd_store=False,
    rootless=False,
    machine="",
    remote=False,
    operating_system="Debian",
    warning="",
)
WEB = Config(
    entrypoint=("/service",), cmd=("--fast",), exposed_ports=("8080/tcp",), env=("GODEBUG=a=1",)
)


def _bridge(interface: str) -> dict[str, Any]:
    options = {"com.docker.network.bridge.name": interface}
    return {"Name": "bridge", "Driver": "bridge", "Id": "b" * 64, "Options": options}


class Stub:
    """An engine that has every image, for amd64."""

    def __init__(self, *, bridge: bool = True, podman: bool = False, **info: Any) -> None:
        self.podman = podman
        self._info = replace(INFO, **info)
        self._bridge = _bridge("lo") if bridge else {}
        self.architecture = "amd64"
        self.host = socket.gethostname()

    def describe(self) -> EngineInfo:
        return self._info

    def get_json(self, target: str) -> Any:
        if target.startswith("/networks"):
            mine = {"Name": "mine", "Driver": "overlay", "Id": "a" * 64}
            return [mine, self._bridge] if self._bridge else [mine]
        return {
            "Architecture": "x86_64",
            "Name": self.host,
            "NCPU": 4,
            "MemTotal": 4 << 30,
            "LoggingDriver": "json-file",
            "KernelVersion": "6.1",
        }

    def image(self, reference: str) -> Image:
        return Image(
            reference,
            f"sha256:{reference * 64}",
            platform=Platform("linux", self.architecture),
            config=WEB,
        )


def _plan(stub: Stub | None = None, *references: str, **fields: Any) -> Plan:
    request = Request(references or ("a",), **fields)
    return plan(cast("Engine", stub or Stub()), request)


def test_that_one_image_is_measured_beside_the_engines_floor() -> None:
    found = _plan()
    assert [(arm.label, arm.kind) for arm in found.spec.arms] == [
        ("A", "image"),
        ("floor", "floor"),
    ]
    assert found.spec.arms[0].image_id == "sha256:" + "a" * 64
    assert str(found.spec.arms[0].readiness) == "http:8080/healthz /readyz /ping /"
    assert (found.spec.memory_bytes, found.spec.process_limit) == (1 << 30, 1024)
    assert found.environment.published is False


def test_that_two_images_are_before_and_after() -> None:
    found = _plan(None, "a", "b", floor=False, env=("X=1",))
    assert [(arm.label, arm.reference, arm.env) for arm in found.spec.arms] == [
        ("A", "a", ("X=1",)),
        ("B", "b", ("X=1",)),
    ]


def test_that_a_trial_is_one_image_twice() -> None:
    found = _plan(trial_env=("GOGC=20",), env=("X=1",), floor=False)
    assert [arm.env for arm in found.spec.arms] == [("X=1",), ("X=1", "GOGC=20")]
    assert found.spec.measured == (0, 1)
    assert [image.reference for image in found.images] == ["a", "a"]


def test_that_seeds_are_drawn_unless_given() -> None:
    assert _plan(seed=5).spec.seed == 5
    assert len({_plan().spec.seed for _ in range(3)}) > 1


def test_that_everything_that_will_run_is_named() -> None:
    text = "\n".join(_plan(command=("--slow", "\x1b[2J"), closer=True, cpus=0.5).describe())
    for words in ("aaaaaaaaaaaa", "/service --slow", "http:8080", "44 containers", "1.1 GB", "0.5 processors", "1024 processes", "30 s", "no published port", "two more starts"):  # fmt: skip
        assert words in text
    assert "\x1b" not in text


def test_that_an_engine_on_another_machine_wants_to_be_agreed_to() -> None:
    far = Stub(remote=True, endpoint="ssh://far")
    with pytest.raises(InputError, match="another machine"):
        _plan(far)
    with pytest.raises(InputError, match="Ports of containers on another machine"):
        _plan(far, allow_remote=True)
    found = _plan(far, allow_remote=True, ready="log:ready")
    assert found.environment.remote
    assert "another machine" in found.environment.notes[0]


def test_that_an_engine_in_a_virtual_machine_is_said_to_be_one_and_publishes() -> None:
    found = _plan(Stub(machine="Docker Desktop"))
    assert found.environment.published
    assert "virtual machine (Docker Desktop)" in found.environment.notes[0]
    assert "port 8080 published on 127.0.0.1" in "\n".join(found.describe())
    with pytest.raises(InputError, match="published port is open before"):
        _plan(Stub(machine="Docker Desktop"), ready="tcp:8080")
    with pytest.raises(InputError, match="made beforehand"):
        _plan(Stub(machine="Docker Desktop"), precision=True)
    assert _plan(Stub(rootless=True)).environment.published


def test_that_an_engine_without_addresses_measures_what_needs_none() -> None:
    with pytest.raises(InputError, match="no network bridge"):
        _plan(Stub(bridge=False))
    with pytest.raises(InputError, match="no network none-such"):
        _plan(network="none-such")
    found = _plan(Stub(bridge=False), ready="exit", network="none")
    assert found.spec.arms[0].readiness.kind == "exit"
    assert _plan(Stub(bridge=False), network="mine").spec.network == "mine"
    with pytest.raises(InputError, match="Without a network"):
        _plan(network="none")


def test_that_a_bridge_whose_interface_is_gone_is_told_before_anything_runs() -> None:
    stub = Stub()
    stub._bridge = _bridge("nosuchif0")
    with pytest.raises(InputError, match="interface nosuchif0 of the engine's network bridge") as e:
        _plan(stub, ready="exit")
    assert "Restarting the engine" in e.value.hint
    assert "--network" in e.value.hint
    with pytest.raises(InputError):
        _plan(stub, precision=True)
    # a socket handed into a container: the engine's interfaces are not ours
    stub.host = "elsewhere"
    assert _plan(stub).spec.network == "bridge"


@pytest.mark.parametrize(
    ("fields", "flag", "label"),
    [
        ({"network": "none"}, "--ready log:REGEX", "“log line matches”"),
        ({"network": "none-such"}, "--network", "“Network”"),
    ],
)
def test_that_hints_name_what_the_user_sees(fields: dict[str, Any], flag: str, label: str) -> None:
    for window, seen, unseen in ((False, flag, label), (True, label, flag)):
        with pytest.raises(InputError) as caught:
            _plan(window=window, **fields)
        assert seen in caught.value.hint
        assert unseen not in caught.value.hint


def test_that_an_image_for_another_machine_is_said_to_be_emulated() -> None:
    stub = Stub()
    stub.architecture = "arm64"
    found = _plan(stub)
    assert found.environment.emulated
    assert "emulated" in found.environment.notes[0]


def test_that_podman_is_said_to_share_its_time_differently() -> None:
    assert "Podman" in _plan(Stub(podman=True)).environment.notes[0]


@pytest.mark.parametrize(
    ("references", "fields", "words"),
    [
        (("a", "b", "c"), {}, "One or two images"),
        (("a", "b"), {"trial_env": ("A=1",)}, "two differences"),
        (("a",), {"runs": 0}, "0 runs"),
        (("a",), {"env": ("A",)}, "no environment variable"),
        (("a",), {"ready": "soon"}, "does not say when"),
    ],
)
def test_that_what_cannot_be_measured_is_refused(
    references: tuple[str, ...], fields: dict[str, Any], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        _plan(None, *references, **fields)
