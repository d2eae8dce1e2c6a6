"""Captions of icons, vector to sequence: the input is a picture, the target its name, word by word.

Source: the 7,367 Material Design icons (Apache-2.0) in the font that the package qtawesome (MIT) carries, drawn at
32 x 32. Names of at least two words are kept if each of their words occurs in at least `task.min_count` names.
"""

import json
from collections import Counter

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from sklearn.model_selection import GroupShuffleSplit
from torch import Tensor

from unrolled.config.schema import TaskConfig

from .data import Data, Later, Split
from .files import package_file, package_folder
from .scores import writing
from .tables.draws import held_out
from .writing import most_frequent_words, nearest, targets, written_vocabulary

FONT = "fonts/materialdesignicons6-webfont-6.9.96.ttf"
NAMES = "fonts/materialdesignicons6-webfont-charmap-6.9.96.json"
FONT_SHA256 = "be825c1294d3c4f046c8e496b18f8f0c7d2864e339c81bdab9297f17ffac1938"
NAMES_SHA256 = "6317242191c4c889dec2c174f98dda0f309745d28c23c50a19bbbaf02df930a9"
QTAWESOME = "qtawesome 1.4.2"
PIXELS = 32


def load(config: TaskConfig, seed: int) -> Data:
    """Returns the task. Raises UserError if a file is not that of the version of qtawesome above.

    `task.split=first_word` keeps names with equal first words, a family of icons, on one side of the split.
    """
    assert config.min_count is not None and config.length is not None
    names, codes = _icons(config.min_count)
    pictures = _drawn(codes)
    train, val = _rows(names, config.split == "first_word")
    vocabulary = written_vocabulary([names[i] for i in train], 1)
    train_split, val_split = (
        Split(pictures[rows], None, *targets([names[i] for i in rows], vocabulary, config.length))
        for rows in (train, val)
    )
    return Data(
        "vector_to_sequence",
        train_split,
        val_split,
        PIXELS**2,
        vocabulary,
        lambda: writing(bleu=False),
        **most_frequent_words(train_split, len(val_split), len(vocabulary)),
        references={"nearest training example": Later(lambda: nearest(train_split.x, val_split.x, train_split))},
    )


def _icons(min_count: int) -> tuple[list[list[str]], list[int]]:
    """Returns the names, as words, and the code points."""
    table = json.loads(package_file("qtawesome", NAMES, NAMES_SHA256, QTAWESOME))
    icons = [(name.split("-"), int(code, 16)) for name, code in sorted(table.items())]
    counts = Counter(word for words, _ in icons for word in words)
    kept = [(words, code) for words, code in icons if len(words) >= 2 and all(counts[w] >= min_count for w in words)]
    return [words for words, _ in kept], [code for _, code in kept]


def _drawn(codes: list[int]) -> Tensor:
    """Returns the pictures, (N, 32 * 32) in 0 to 1, each icon centred."""
    package_file("qtawesome", FONT, FONT_SHA256, QTAWESOME)
    font = ImageFont.truetype(str(package_folder("qtawesome") / FONT), PIXELS - 4)
    pictures = np.empty((len(codes), PIXELS, PIXELS), dtype=np.uint8)
    for picture, code in zip(pictures, codes, strict=True):
        image = Image.new("L", (PIXELS, PIXELS))
        ImageDraw.Draw(image).text((PIXELS / 2, PIXELS / 2), chr(code), 255, font=font, anchor="mm")
        picture[:] = np.asarray(image)
    return torch.tensor(pictures, dtype=torch.float32).flatten(1) / 255


def _rows(names: list[list[str]], by_first_word: bool) -> tuple[list[int], list[int]]:
    """Returns the rows for training and validation; a tenth validates, independent of the seed."""
    if not by_first_word:
        return held_out(range(len(names)), 0.1)
    groups = [words[0] for words in names]
    ((train, val),) = GroupShuffleSplit(1, test_size=0.1, random_state=0).split(groups, groups=groups)
    return train.tolist(), val.tolist()
