"""Translation of interface strings from English to French, encoder-decoder.

Source: the catalogues of `jupyterlab-language-pack-fr-FR` (BSD-3), translated by people. Each English string has
its first translation. Pairs longer than `task.length` words are omitted. A tenth validates.
"""

import gettext
import io

from unrolled.config.schema import TaskConfig

from .data import Data
from .files import package_folder
from .tables.draws import held_out
from .text import words_of
from .writing import translated

PACKAGE = "jupyterlab_language_pack_fr_FR"
FOLDER = "locale/fr_FR/LC_MESSAGES"


def load(config: TaskConfig, seed: int) -> Data:
    assert config.length is not None
    pairs = _pairs(config.length)
    return translated(config, *held_out(pairs, 0.1))


def _pairs(longest: int) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Returns (English, French) as words, each English string once."""
    found: dict[tuple[str, ...], tuple[str, ...]] = {}
    for file in sorted((package_folder(PACKAGE) / FOLDER).glob("*.mo")):
        catalogue = gettext.GNUTranslations(io.BytesIO(file.read_bytes()))._catalog  # type: ignore[attr-defined]
        for key, french in catalogue.items():
            english = key[0] if isinstance(key, tuple) else key  # (string, plural form)
            words = tuple(words_of(english.rpartition("\x04")[2])), tuple(words_of(french))  # context, EOT, string
            if all(1 <= len(side) <= longest for side in words):
                found.setdefault(*words)
    return list(found.items())
