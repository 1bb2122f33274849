"""Build arguments, variables, commands and labels that hold a secret: neither terminal nor JSON shows it, of one image or two."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from explorer.compare.comparison import compare
from explorer.findings.analysis import Analysis, analyse
from explorer.image.model import Config, History
from explorer.image.redact import MASK
from explorer.report.analysis_json import analysis_json
from explorer.report.compare_json import compare_json
from explorer.report.compare_terminal import print_comparison
from explorer.report.terminal import print_summary
from tests.support.layers import file, image, layer


def _analysis(secret: str) -> Analysis:
    described, layers = image(
        layer(file("app/server", 4000), file("root/.npm/_cacache/x", 90_000)),
        config=Config(
            env=(f"DB_PASSWORD={secret}", "PORT=8080"),
            cmd=("/app/server", f"--api_key={secret}"),
            labels={"auth.token": secret},
        ),
        created_by=(f"RUN |1 NPM_TOKEN={secret} /bin/sh -c TOKEN={secret} npm ci # buildkit",),
    )
    empty = History(f"ENV DB_PASSWORD={secret}", empty_layer=True)
    return analyse(replace(described, history=(*described.history, empty)), layers)


def test_that_the_analysis_masks_secrets(capfd: pytest.CaptureFixture[str]) -> None:
    analysis = _analysis("hunter2")
    print_summary(analysis)
    said = capfd.readouterr().out
    document = analysis_json(analysis).decode()
    assert "hunter2" not in said + document
    assert f"TOKEN={MASK} npm ci" in said
    assert json.loads(document)["layers"][0]["instruction"] == f"RUN TOKEN={MASK} npm ci"


def test_that_the_comparison_masks_secrets_and_still_tells_that_they_differ(
    capfd: pytest.CaptureFixture[str],
) -> None:
    comparison = compare(_analysis("hunter2"), _analysis("correct-horse"))
    print_comparison(comparison)
    said = capfd.readouterr().out
    document = compare_json(comparison).decode()
    for secret in ("hunter2", "correct-horse"):
        assert secret not in said + document
    assert json.loads(document)["config"] == [
        {"key": "CMD", "a": f"/app/server --api_key={MASK}", "b": f"/app/server --api_key={MASK}"},
        {"key": "ENV DB_PASSWORD", "a": MASK, "b": MASK},
        {"key": "LABEL auth.token", "a": MASK, "b": MASK},
    ]
