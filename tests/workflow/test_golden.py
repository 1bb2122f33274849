"""The correctness gate: dive's golden figures and what `tar` lists, on real archives."""

from __future__ import annotations

from pathlib import Path

from explorer.filesystem.cache import LayerStore
from explorer.task import Task
from explorer.workflow import Options, analyse


def test_that_dives_own_golden_figures_come_out_of_its_test_image(shared_data: Path) -> None:
    reference = f"docker-archive:{shared_data}/images/dive-test-docker-image.tar"
    analysis = analyse(Task(), Options(reference), LayerStore.private())
    assert analysis.complete
    assert analysis.dive.efficiency == 0.9844212134184309
    assert analysis.dive.wasted_bytes == 32025
    assert analysis.dive.size_bytes == 1220598
    assert analysis.dive.user_wasted_percent == 0.4834911001404049
    assert sum(size for size, _ in analysis.category_bytes()) == analysis.totals.content_bytes
