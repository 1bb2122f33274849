"""The summary on the terminal: figures are shown whole, however long the texts beside them are."""

from __future__ import annotations

import pytest

from explorer.findings.analysis import analyse
from explorer.image.model import Config
from explorer.report.terminal import print_summary
from tests.support.layers import file, image, layer, program, whiteout


def test_that_sizes_and_layers_stand_beside_the_longest_remedies(
    capsys: pytest.CaptureFixture[str],
) -> None:
    described, layers = image(
        layer(file("/root/.cache/go-build/00/x", 153_000_000), program("/app", 9_000_000)),
        layer(file("/srv/" + "x" * 200, 34_000_000)),
        layer(whiteout("/srv")),
        config=Config(cmd=("/app",)),
        created_by=("RUN go build " + "x" * 300, "COPY . .", "RUN rm -rf /srv"),
    )
    print_summary(analyse(described, layers))
    lines = capsys.readouterr().out.splitlines()
    cache = next(line for line in lines if line.startswith("Go build cache ") and "RUN" in line)
    assert cache.split()[3:6] == ["153.0", "MB", "0"]
    deleted = next(line for line in lines if line.startswith("Files deleted in a later layer"))
    assert deleted.split()[6:9] == ["34.0", "MB", "1"]
    assert next(line for line in lines if line.startswith("0 ")).split()[1:3] == ["162.0", "MB"]
    assert max(map(len, lines)) <= 120
