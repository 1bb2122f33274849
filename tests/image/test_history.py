"""History lines of the classic builder, BuildKit and others, as instructions."""

from __future__ import annotations

import pytest

from explorer.image.history import instruction, is_metadata


@pytest.mark.parametrize(
    ("created_by", "expected"),
    [
        ('/bin/sh -c #(nop)  CMD ["bash"]', 'CMD ["bash"]'),
        ("/bin/sh -c #(nop) WORKDIR /app", "WORKDIR /app"),
        (
            "/bin/sh -c apt-get update && apt-get install -y curl",
            "RUN apt-get update && apt-get install -y curl",
        ),
        ("RUN /bin/sh -c go build -o /app . # buildkit", "RUN go build -o /app ."),
        ("RUN |2 A=1 B='x y' /bin/sh -c make # buildkit", "RUN make"),
        ("|1 VERSION=1.2 /bin/sh -c make", "RUN make"),
        ("RUN /bin/bash -o pipefail -c echo hi # buildkit", "RUN echo hi"),
        ("COPY . . # buildkit", "COPY . ."),
        (
            "/bin/sh -c #(nop) COPY dir:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef in /app ",
            "COPY … /app",
        ),
        ("RUN /bin/bash -eo pipefail -c echo hi # buildkit", "RUN echo hi"),
        ("/bin/bash -o pipefail -c #(nop) ENV a=b", "ENV a=b"),
        ("/bin/sh -e -c #(nop)  ENV a=b", "ENV a=b"),
        ("/busybox/sh -c echo hi", "RUN echo hi"),
        ("cmd /S /C dir", "RUN dir"),
        ("powershell -NoLogo -Command $x = 'Stop'; dir", "RUN $x = 'Stop'; dir"),
        ("RUN /bin/busybox --install -s /bin # buildkit", "RUN /bin/busybox --install -s /bin"),
        ("RUN |2 MSG=two words VERSION=9 /bin/sh -c echo # buildkit", "RUN echo"),
        ("RUN |1 A=b /bin/sh -c make && /bin/sh -c 'x=1'", "RUN make && /bin/sh -c 'x=1'"),
        ("RUN |1 A=b /app/build", "RUN |1 A=b /app/build"),
        ("/bin/sh -c echo '#(nop) no instruction'", "RUN echo '#(nop) no instruction'"),
        (
            "/bin/sh -c #(nop) COPY --chown=www-data:10file:0123456789abcdef0123456789abcdef in /app ",
            "COPY --chown=www-data:10 … /app",
        ),
        ("EXPOSE map[8080/tcp:{} 9090/udp:{}]", "EXPOSE 8080/tcp 9090/udp"),
        ("EXPOSE [8080/tcp]", "EXPOSE 8080/tcp"),
        ('ENTRYPOINT ["/hello"]', 'ENTRYPOINT ["/hello"]'),
        ("", ""),
        ("bazel build ...", "bazel build ..."),
    ],
)
def test_that_a_history_line_reads_as_its_instruction(created_by: str, expected: str) -> None:
    assert instruction(created_by) == expected


@pytest.mark.parametrize(
    ("created_by", "expected"),
    [
        ("ENV A=b", True),
        ('/bin/sh -c #(nop)  CMD ["bash"]', True),
        ("WORKDIR /app", False),
        ("RUN /bin/sh -c ls", False),
    ],
)
def test_that_instructions_without_files_are_known(created_by: str, expected: bool) -> None:
    assert is_metadata(created_by) is expected


@pytest.mark.parametrize(
    "line",
    [
        "|1 " + "a=b=c " * 100_000 + "!",
        "|9 " + "sh -c " * 100_000,
        "|1 sh" + " -o a" * 100_000,
        "/a" * 100_000,
        "powershell" + " -a b" * 100_000,
        "COPY --chown=" + "file:" * 100_000,
        "EXPOSE [" + "[" * 100_000,
    ],
    ids=lambda line: line[:12],
)
@pytest.mark.timeout(20)
def test_that_a_hostile_history_line_is_read_in_time_and_kept(line: str) -> None:
    assert line.strip()[-1000:] in instruction(line)
