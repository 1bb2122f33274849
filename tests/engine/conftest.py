"""Engines of every kind for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fake_engine import FakeEngine, fake_engine


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeEngine]:
    """An engine that answers /_ping and whatever the test teaches it."""
    with fake_engine(tmp_path) as engine:
        yield engine
