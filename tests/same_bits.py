"""Two folders of equal runs, compared to the bit."""

import json
from pathlib import Path

import torch

PASSING = ("started", "ended", "duration_s", "seconds_per_update", "git", "wandb")


def same(folder: Path, other: Path) -> None:
    """Asserts that rows, profiles, portraits, weights and result are equal; times and W&B's names are not compared."""
    files = ["metrics.csv", *(f"profiles/{file.name}" for file in (folder / "profiles").iterdir())]
    for name in files:
        assert (folder / name).read_bytes() == (other / name).read_bytes(), name
    for file in (folder / "portraits").glob("*"):
        assert file.read_bytes() == (other / "portraits" / file.name).read_bytes(), file.name
    for name in ("last.ckpt", "best.ckpt"):
        ours, theirs = (torch.load(f / "checkpoints" / name, weights_only=True) for f in (folder, other))
        assert all(torch.equal(value, theirs["state_dict"][key]) for key, value in ours["state_dict"].items())
        assert ours["global_step"] == theirs["global_step"]
    ours, theirs = (json.loads((f / "status.json").read_text()) for f in (folder, other))
    for told in (ours, theirs):
        for passing in PASSING:
            told.pop(passing, None)
    assert ours == theirs
