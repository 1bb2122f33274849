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
