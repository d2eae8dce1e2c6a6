"""Own tasks of every kind that are right, as the text of their file, and places at which a line spoils them."""

from pathlib import Path

from unrolled.config.schema import TaskConfig

N, T = 6, 5

EXAMPLES = {
    "tokens": (
        'x = torch.arange(N * T).view(N, T) % 3; mask = torch.ones(N, T).bool(); mask[0, :2] = False\n'
        '    y, y_mask = torch.arange(N) % 2, None',
        'pattern="sequence_to_vector", reads=["a", "b", "c"], answers=["even", "odd"], '
        'scores=lambda: classification(2), baseline=Guess(torch.zeros(N, 2)), solved=("accuracy", 0.9)',
    ),
    "numbers": (
        'x = torch.rand(N, T, 2); mask = torch.ones(N, T).bool(); mask[0, :2] = False\n'
        '    y, y_mask = x.sum((1, 2)).unsqueeze(1), None',
        'pattern="sequence_to_vector", reads=2, answers=1, scores=regression, baseline=Guess(torch.zeros(N, 1)), '
        'solved=("mse", 0.1)',
    ),
    "tagging": (
        'x = torch.arange(N * T).view(N, T) % 3; mask = torch.ones(N, T).bool(); mask[0, :2] = False\n'
        '    y, y_mask = x % 2, mask.clone(); y_mask[1, 3] = False',
        'pattern="sequence_to_sequence", reads=["a", "b", "c"], answers=["even", "odd"], '
        'scores=lambda: next_symbol(2), baseline=Guess(torch.zeros(T, N, 2)), solved=("bits", 0.1)',
    ),
    "filter": (
        'x = torch.rand(N, T, 2); mask = torch.ones(N, T).bool(); mask[0, :2] = False\n'
        '    y, y_mask = x.cumsum(1), mask.clone()',
        'pattern="sequence_to_sequence", reads=2, answers=2, scores=regression, baseline=Guess(torch.zeros(T, N, 2))',
    ),
    "caption": (
        'x, mask = torch.rand(N, 4), None; y_mask = torch.ones(N, T).bool(); y_mask[0, 3:] = False\n'
        '    y = torch.full((N, T), 3); y[:, -1] = 1',
        'pattern="vector_to_sequence", reads=4, answers=["<start>", "<end>", "<unk>", "a"], '
        'scores=lambda: writing(False), '
        'baseline=Guess(torch.zeros(T, N, 4), torch.ones(T, N, dtype=torch.int64))',
    ),
    "translation": (
        'x = torch.arange(N * 7).view(N, 7) % 3; mask = torch.ones(N, 7).bool(); mask[0, :2] = False\n'
        '    y, y_mask = torch.full((N, T), 3), torch.ones(N, T).bool(); y_mask[0, 3:] = False',
        'pattern="encoder_decoder", reads=["a", "b", "c"], answers=["<start>", "<end>", "<unk>", "d"], '
        'scores=lambda: writing(False), '
        'baseline=Guess(torch.zeros(T, N, 4), torch.ones(T, N, dtype=torch.int64))',
    ),
}  # fmt: skip

FILE = """import sys
import torch
from unrolled.tasks.data import Data, Guess, Later, Split, Stream
from unrolled.tasks.scores import Scores, classification, next_symbol, regression, writing

N, T = 6, 5

def examples():
    torch.manual_seed(0)
    {examples}
    return x, mask, y, y_mask

def load(config, seed):
    x, mask, y, y_mask = examples()
    {split}
    val = train = Split(*examples())
    spoilt = Split(x, mask, y, y_mask)
    field = dict({fields}, train=train, val=val, baseline_name="always the same")
    if {spoils}:
        field["train"] = spoilt
    {field}
    return Data(**field)
"""


def config_of(file: Path, kind: str, split: str = "", field: str = "") -> TaskConfig:
    """Writes an own task, and returns its configuration.

    kind: of the examples.
    split: a statement that changes x, mask, y or y_mask of the training split.
    field: a statement that changes a field of `Data`.
    """
    examples, fields = EXAMPLES[kind]
    text = FILE.format(
        examples=examples, fields=fields, split=split or "pass", spoils=bool(split), field=field or "pass"
    )
    file.write_text(text, encoding="utf-8")
    return TaskConfig("own", file=str(file))
