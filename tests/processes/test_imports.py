"""The quick way to import what is heavy: the collector is as it was, and a part that W&B lacks stops nothing."""

import gc
import sys
from collections.abc import Iterator

import pytest

from unrolled.processes.imports import imports
from unrolled.run.load import load_run


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    yield
    gc.unfreeze()
    gc.enable()


@pytest.mark.parametrize("collecting", [True, False])
def test_the_collector_is_left_as_it_was(collecting: bool) -> None:
    if not collecting:
        gc.disable()
    frozen = gc.get_freeze_count()
    with imports():
        assert not gc.isenabled()
    assert gc.isenabled() == collecting
    assert gc.get_freeze_count() > frozen


def test_the_collector_works_again_after_an_import_that_fails() -> None:
    with pytest.raises(ImportError), imports():
        import no_such_module  # type: ignore[import-not-found] # noqa: F401
    assert gc.isenabled()


def test_a_version_of_wandb_without_that_part_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wandb.sdk.launch.inputs.internal", None)
    load_run()
    assert gc.isenabled()
