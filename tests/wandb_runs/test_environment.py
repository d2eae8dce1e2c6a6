"""W&B's names are checked before anything is loaded, and its variables do not replace what the configuration says."""

import os

import pytest

from unrolled.errors import UserError
from unrolled.run.preflight import preflight
from unrolled.wandb_runs.environment import SET_ASIDE, set_aside

BAD = ["a/b", "a:b", "a\\\\b", "a#b", "a?b", "a%b", "x" * 129]


@pytest.mark.parametrize("name", BAD)
def test_a_name_that_wandb_refuses_is_refused_first(name: str) -> None:
    with pytest.raises(UserError) as raised:
        preflight([f"tracker.project='{name}'"])
    assert str(raised.value).startswith("tracker.project=") and "W&B" in str(raised.value)


@pytest.mark.parametrize("name", [*BAD, "x" * 128, "a b", "ä"])
def test_wandb_refuses_the_same(name: str) -> None:
    import wandb

    text = name.replace("\\\\", "\\")
    if name in BAD:
        with pytest.raises(wandb.Error):
            wandb.Settings(project=text)
    else:
        wandb.Settings(project=text)
        assert preflight([f"tracker.project='{name}'"]).config is not None


def test_variables_that_name_one_run_are_set_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*SET_ASIDE, "WANDB_API_KEY", "WANDB_BASE_URL", "WANDB_ENTITY"):
        monkeypatch.setenv(name, "abc")
    set_aside()
    assert not set(SET_ASIDE) & set(os.environ)
    assert {"WANDB_API_KEY", "WANDB_BASE_URL", "WANDB_ENTITY"} <= set(os.environ)
