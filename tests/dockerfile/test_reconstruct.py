"""Dockerfiles from history: both builders' forms, what they lose, where the base ends, and no secret in any view."""

from __future__ import annotations

import pytest

from explorer.dockerfile.bases import LocalImage
from explorer.dockerfile.historyline import Recorded, recorded
from explorer.dockerfile.parser import parse
from explorer.dockerfile.reconstruct import reconstruct
from explorer.image.model import Config, History, Image, Layer

_SHA = "ab" * 32
_HEALTH = """HEALTHCHECK &{["CMD-SHELL" "wget -q localhost || exit 1"] "5s" "2s" "0s" '\\x02'}"""


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        # metadata, both builders
        ("/bin/sh -c #(nop)  ENV A=1 B=two words", Recorded("ENV", "A=1 B=two words")),
        ("/bin/sh -e -c #(nop)  WORKDIR /app", Recorded("WORKDIR", "/app")),
        ("ENV A=1", Recorded("ENV", "A=1")),
        ('/bin/sh -c #(nop)  CMD ["/bin/sh" "-c" "./a b"]', Recorded("CMD", '["/bin/sh", "-c", "./a b"]')),
        ('CMD ["/a" "\\"q\\""]', Recorded("CMD", '["/a", "\\"q\\""]')),
        ("/bin/sh -c #(nop)  EXPOSE 8080 9090/udp", Recorded("EXPOSE", "8080 9090/udp")),
        ("EXPOSE map[8080/tcp:{} 9090/udp:{}]", Recorded("EXPOSE", "8080 9090/udp")),
        ("EXPOSE [8080/tcp 9090/udp]", Recorded("EXPOSE", "8080 9090/udp")),
        ("VOLUME [/data /logs]", Recorded("VOLUME", '["/data", "/logs"]')),
        ("SHELL [/bin/bash -o pipefail -c]", Recorded("SHELL", '["/bin/bash", "-o", "pipefail", "-c"]', "inferred")),
        (_HEALTH, Recorded("HEALTHCHECK", "--interval=5s --timeout=2s --retries=2 CMD wget -q localhost || exit 1")),
        ('HEALTHCHECK &{["NONE"] "0s" "0s" "0s" \'\\x00\'}', Recorded("HEALTHCHECK", "NONE")),
        ('HEALTHCHECK &{["CMD" "/app" "h"] "0s" "0s" "1s" "0s" \'\\x03\'}', Recorded("HEALTHCHECK", '--start-period=1s --retries=3 CMD ["/app", "h"]')),
        # RUN
        ("/bin/sh -c go build", Recorded("RUN", "go build", "exact", "mounts", "/bin/sh -c")),
        ("RUN /bin/sh -c go build # buildkit", Recorded("RUN", "go build", "exact", "mounts", "/bin/sh -c")),
        ("|2 TOK=v VERSION=9 /bin/sh -c go build", Recorded("RUN", "go build", "exact", "mounts", "/bin/sh -c")),
        ("RUN |1 A=b /bin/sh -c x # buildkit", Recorded("RUN", "x", "exact", "mounts", "/bin/sh -c")),
        ("|1 MSG=hello /bin/sh -c world /bin/sh -c echo", Recorded("RUN", "echo", "inferred", "arguments", "/bin/sh -c")),
        ("/bin/bash -o pipefail -c a | b", Recorded("RUN", "a | b", "exact", "mounts", "/bin/bash -o pipefail -c")),
        ("RUN /bin/busybox --install -s /bin # buildkit", Recorded("RUN", '["/bin/busybox", "--install", "-s", "/bin"]', "inferred", "form")),
        ("RUN /bin/sh -c echo a\necho b\n # buildkit", Recorded("RUN", "<<EOF\necho a\necho b\nEOF", "inferred", "form", "/bin/sh -c")),
        # COPY
        (f"/bin/sh -c #(nop) COPY file:{_SHA} in /g.txt ", Recorded("COPY", "<files> /g.txt", "unknown", "sources")),
        (f"/bin/sh -c #(nop) COPY dir:{_SHA} in . ", Recorded("COPY", ". .", "unknown", "sources")),
        (f"/bin/sh -c #(nop) COPY --chown=10:20file:{_SHA} in /x", Recorded("COPY", "--chown=10:20 <files> /x", "unknown", "sources")),
        ("COPY src/ g.txt ./ # buildkit", Recorded("COPY", "src/ g.txt ./", "inferred", "words")),
    ],
)  # fmt: skip
def test_that_a_history_line_becomes_an_instruction(line: str, expected: Recorded) -> None:
    assert recorded(line) == expected


def test_that_an_empty_line_is_no_instruction() -> None:
    assert recorded("") is None


def _image(*steps: str, config: Config | None = None, empty: tuple[int, ...] = ()) -> Image:
    history = tuple(History(step, empty_layer=n in empty) for n, step in enumerate(steps))
    layers = [h for h in history if not h.empty_layer]
    return Image(
        reference="x", id="sha256:1", config=config or Config(),
        layers=tuple(Layer(n, f"sha256:{n}", history=h) for n, h in enumerate(layers)), history=history,
    )  # fmt: skip


_BASE = LocalImage(
    ("golang:1.27", "golang:1.27-bookworm"), ("sha256:0",), Config(env=("GOPATH=/go",), working_dir="/go"),
    (History("ADD rootfs.tar /"), History("ENV GOPATH=/go", empty_layer=True)),
)  # fmt: skip


def test_that_a_local_base_is_found_by_its_layers_and_its_empty_steps() -> None:
    image = _image(
        "ADD rootfs.tar /", "ENV GOPATH=/go", "WORKDIR /app", "RUN /bin/sh -c go build # buildkit", "ENV A=two words",
        config=Config(env=("GOPATH=/go", "A=two words"), working_dir="/app"), empty=(1, 2, 4),
    )  # fmt: skip
    found = reconstruct(image, (_BASE, LocalImage(("other",), ("sha256:9",))))
    assert found.full_text() == 'FROM golang:1.27\nWORKDIR /app\nRUN go build\nENV A="two words"\n'
    assert [line.confidence for line in found.lines] == ["exact"] * 4
    assert (found.base.layers, found.base.steps, found.complete) == (1, 2, True)
    assert [line.layer for line in found.lines] == [-1, -1, 1, -1]


def test_that_the_longest_base_wins_and_an_image_is_not_its_own_base() -> None:
    image = _image("a", "b", "c")
    images = (
        LocalImage(("short",), ("sha256:0",)), LocalImage(("long",), ("sha256:0", "sha256:1")),
        LocalImage(("itself",), ("sha256:0", "sha256:1", "sha256:2")), LocalImage((), ("sha256:0", "sha256:1")),
    )  # fmt: skip
    assert reconstruct(image, images).base.reference == "long"


def test_that_an_image_that_adds_metadata_only_has_its_base() -> None:
    config = Config(env=("GOPATH=/go", "A=1"), working_dir="/go")
    image = _image("ADD rootfs.tar /", "ENV GOPATH=/go", "ENV A=1", config=config, empty=(1, 2))
    assert reconstruct(image, (_BASE,)).full_text() == "FROM golang:1.27\nENV A=1\n"


def test_that_a_go_image_names_its_base_by_what_it_left() -> None:
    config = Config(env=("GOLANG_VERSION=1.21.3", "GOPATH=/go"), working_dir="/app")
    image = _image(
        "/bin/sh -c #(nop) ADD file:" + _SHA + " in / ", "RUN /bin/sh -c apt-get update", "WORKDIR /go", "COPY . . # buildkit",
        config=config,
    )  # fmt: skip
    base = reconstruct(image).base
    assert (base.reference, base.confidence, base.layers, base.steps) == (
        "golang:1.21.3",
        "inferred",
        3,
        3,
    )


def test_that_a_first_copy_means_from_scratch() -> None:
    assert reconstruct(_image("COPY app /app # buildkit")).lines[0].text == "FROM scratch"


def test_that_an_unknown_base_is_said_to_be_unknown() -> None:
    line = reconstruct(
        _image("/bin/sh -c #(nop) ADD file:" + _SHA + " in / ", "/bin/sh -c x")
    ).lines[0]
    assert (line.text, line.confidence) == ("FROM unknown-base", "unknown")


def test_that_what_only_the_config_has_is_added() -> None:
    config = Config(
        env=("A=1",), user="7", working_dir="/app", exposed_ports=("80/tcp",), labels={"k": 'a "b"'}, stop_signal="SIGINT",
        cmd=("/x",),
    )  # fmt: skip
    found = reconstruct(_image("ADD rootfs.tar /", "RUN x", config=config), (_BASE,))
    assert [line.text for line in found.lines[2:]] == [
        "ENV A=1", 'LABEL k="a \\"b\\""', "WORKDIR /app", "EXPOSE 80", "STOPSIGNAL SIGINT", "USER 7", 'CMD ["/x"]',
    ]  # fmt: skip
    assert {line.confidence for line in found.lines[2:]} == {"inferred"}


def test_that_a_shell_of_the_images_own_is_written() -> None:
    found = reconstruct(
        _image("ADD rootfs.tar /", "/bin/bash -o pipefail -c a | b", "/bin/bash -o pipefail -c c"),
        (_BASE,),
    )
    assert [line.text for line in found.lines[1:]] == [
        'SHELL ["/bin/bash", "-o", "pipefail", "-c"]',
        "RUN a | b",
        "RUN c",
    ]


def test_that_a_value_that_is_set_again_later_is_inferred() -> None:
    image = _image(
        "ADD rootfs.tar /",
        "RUN x",
        'CMD ["a"]',
        'CMD ["b"]',
        config=Config(cmd=("b",)),
        empty=(2, 3),
    )
    found = reconstruct(image, (_BASE,))
    assert [(line.text, line.note) for line in found.lines[2:]] == [
        ('CMD ["a"]', "A later line sets another value."), ('CMD ["b"]', ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "builder",
    [
        "|2 API_TOKEN=s3cr3t V=1 /bin/sh -c echo $API_TOKEN",
        "RUN |2 API_TOKEN=s3cr3t V=1 /bin/sh -c x # buildkit",
        "ENV DB_PASSWORD=s3cr3t",
        "ARG api_key=s3cr3t",
        "RUN /bin/sh -c curl https://u:s3cr3t@x.com # buildkit",
    ],
)
def test_that_no_secret_stands_in_the_text_that_is_shown(builder: str) -> None:
    found = reconstruct(_image("ADD rootfs.tar /", builder), (_BASE,))
    assert "s3cr3t" not in found.text()


def test_that_what_is_rebuilt_can_be_parsed() -> None:
    found = reconstruct(
        _image(
            "ADD rootfs.tar /",
            "RUN /bin/sh -c a\nb\n # buildkit",
            _HEALTH,
            "LABEL a=b c d=e",
            config=Config(labels={"a": "b c", "d": "e"}),
        ),
        (_BASE,),
    )
    assert parse(found.full_text()).problems == ()
    assert 'LABEL a="b c" d=e' in found.full_text()
