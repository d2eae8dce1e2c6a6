"""Three sentences and the vectors of four words: small enough to follow every number by hand.

The third sentence is incomplete in the source. The source has no classes; those here were added.
"""

from unrolled.config.schema import TaskConfig

from .constants import of_classes
from .data import Data, most_frequent
from .scores import classification
from .text import MOST_FREQUENT, build_vocabulary, encode, words_of

CLASSES = ["positive", "neutral", "negative"]
SENTENCES = {
    "I love machine learning": "positive",
    "Deep learning is very difficult": "negative",
    "Learning models": "neutral",
}
VECTORS = {
    "i": [0.5, 0.2, 0.1, 0.8],
    "love": [0.9, 0.1, 0.7, 0.4],
    "machine": [0.3, 0.8, 0.5, 0.6],
    "learning": [0.6, 0.7, 0.3, 0.9],
}


def load(config: TaskConfig, seed: int) -> Data:
    """Returns the task, which trains and validates on the same three sentences."""
    sentences = [words_of(sentence) for sentence in SENTENCES]
    labels = [CLASSES.index(name) for name in SENTENCES.values()]
    vocabulary, T = build_vocabulary(sentences, 1), max(map(len, sentences))
    split = encode(sentences, labels, vocabulary, T)
    return Data(
        "sequence_to_vector",
        split,
        split,
        vocabulary,
        CLASSES,
        lambda: classification(len(CLASSES)),
        most_frequent(split, split, len(CLASSES)),
        MOST_FREQUENT,
        encode=lambda text: encode([words_of(text)], [0], vocabulary, max(1, len(words_of(text)))).whole(),
        pieces=words_of,
        vectors=VECTORS,
        remark="validated on the sentences it was trained on: this shows arithmetic, not what was learnt",
        constants=of_classes(split, len(split), CLASSES, classification(len(CLASSES)), MOST_FREQUENT),
    )
