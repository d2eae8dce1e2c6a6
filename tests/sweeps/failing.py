"""A task that one seed cannot load: a run that fails whatever the machine is."""

from pathlib import Path

TASK = """
import multiprocessing
import torch
from unrolled.tasks.data import Data, Guess, Split, Stream
from unrolled.tasks.scores import classification

def load(config, seed):
    if seed == 1 and multiprocessing.parent_process():  # the launcher loads it first, to check it
        raise RuntimeError("this seed is unlucky")

    def make(n, generator):
        x = torch.rand(n, 6, 1, generator=generator)
        return Split(x=x, mask=torch.ones(n, 6, dtype=torch.bool), y=(x[:, 0, 0] > x[:, -1, 0]).long())

    train = Stream(make, samples=200, seed=seed)
    return Data("sequence_to_vector", train, train.split("val", 50), 1, ["first", "last"],
                lambda: classification(2), Guess(torch.zeros(50, 2)), "either")
"""


def failing(folder: Path) -> list[str]:
    """The overrides that choose it; seed 1 is the one that fails."""
    file = folder / "failing.py"
    file.write_text(TASK)
    return ["task=own", f"task.file={file}", "embedding=none"]
