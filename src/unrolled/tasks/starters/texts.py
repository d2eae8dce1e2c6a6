"""Texts with a label, sequence to vector: is this short review friendly?"""

import random

from unrolled.tasks import bag_of_words, encode, most_frequent, split, vocabulary, words_of
from unrolled.tasks.data import Data, Later
from unrolled.tasks.scores import classification

FILLING = ["a", "film", "with", "some", "very", "slow", "scenes", "and", "music"]
DEFAULTS = {"hidden": 16, "dim": 8, "epochs": 10}  # where the command line says nothing else


def read() -> list[tuple[str, str]]:
    """Returns texts with their labels. Replace it: for example by the rows of reviews.csv beside this file:

    frame = pandas.read_csv(Path(__file__).with_name("reviews.csv"))
    return list(zip(frame["text"], frame["label"]))
    """
    draw = random.Random(0)
    found = []
    for _ in range(300):
        friendly = draw.random() < 0.5
        words = draw.choices(FILLING, k=draw.randint(2, 8))
        words.insert(draw.randint(0, len(words)), draw.choice(["good", "fine"] if friendly else ["bad", "dull"]))
        found.append((" ".join(words), "friendly" if friendly else "unfriendly"))
    return found


def load(config, seed):
    """config: the values under `task.`, such as task.length=20 or task.options.min_count=3; seed: of the run."""
    examples = read()
    sentences = [words_of(text) for text, _ in examples]  # list(text): letter by letter
    classes = sorted({label for _, label in examples})
    labels = [classes.index(label) for _, label in examples]
    parts = [part.tolist() for part in split(len(examples), labels=labels)]

    reads = vocabulary([sentences[i] for i in parts[0]], config.options.get("min_count", 1))
    length = config.length or max(len(sentences[i]) for i in parts[0])
    train, val = (encode([sentences[i] for i in part], [labels[i] for i in part], reads, length) for part in parts)
    return Data(
        pattern="sequence_to_vector",
        train=train,
        val=val,
        reads=reads,
        answers=classes,
        scores=lambda: classification(len(classes)),
        baseline=most_frequent(train, val, len(classes)),
        baseline_name="most frequent class",
        references={"bag of words": Later(lambda: bag_of_words(train, val, len(reads), len(classes)))},
        encode=lambda text: encode([words_of(text)], [0], reads, max(1, len(words_of(text)))).whole(),
    )
