"""What a configuration needs to know of the cells, and what fits beside them. No torch here."""

import math
from collections.abc import Sequence

from hydra.core.override_parser.types import Override

from unrolled.errors import UserError

from .schema import Config

FREE = ("rnn", "leaky")  # cells that take an activation
BLOCKS = {"rnn": 1, "leaky": 1, "lstm": 4, "gru": 3}
TWO_BIASES = ("gru",)
USUAL = "tanh"  # the activation where none is given
SHORTEST = 3  # steps that a chrono initialisation needs


def parameters(cell: str, inputs: int, hidden: int) -> int:
    """Returns the number of parameters of a recurrent layer: W_x, W_h and b, of a GRU a second b.

    inputs, hidden: E and H.
    """
    return BLOCKS[cell] * hidden * (inputs + hidden + 1 + (cell in TWO_BIASES))


def hidden_for(cell: str, inputs: int, wanted: int) -> int:
    """Returns the hidden size whose layer has nearly the wanted number of parameters: the nearest; at least 1."""
    added = inputs + 1 + (cell in TWO_BIASES)
    below = max(1, int((math.sqrt(added * added + 4 * wanted / BLOCKS[cell]) - added) / 2))
    return min((below, below + 1), key=lambda hidden: abs(parameters(cell, inputs, hidden) - wanted))


def check_cell(config: Config) -> None:
    """Raises UserError for an activation or an initialisation that a cell does not have, or an unknown length."""
    name, activation = config.cell.name, config.activation.name
    if name in BLOCKS and name not in FREE and activation != USUAL:
        raise _no_activation(activation, name)
    if name in BLOCKS and name not in FREE and config.init.name == "critical":
        raise UserError(f"init=critical: its theory is that of cell=rnn, not of cell={name}; use init=gaussian", "init")
    if config.cell.chrono and (config.task.length is None or config.task.length < SHORTEST):
        length = "is not known" if config.task.length is None else f"is {config.task.length}"
        raise UserError(
            f"cell.chrono=true: it draws from the length of the sequences, and task.length {length}: give one of at "
            f"least {SHORTEST}",
            "cell.chrono",
        )


def refuse_beside(words: Sequence[Override], config: Config) -> None:
    """Raises UserError for words that would change nothing: another word, or the cell, decides.

    They are an activation beside a cell without one, a second size of a layer, and a forget bias beside `cell.chrono`.

    words: what the command line and a sweep's file give.
    config: composed of these words and of files.
    """
    given = {word.key_or_group.lstrip("+"): word for word in words}
    cells = _values(given.get("cell") or given.get("cell.name")) or [config.cell.name]
    gated = [cell for cell in cells if cell in BLOCKS and cell not in FREE]
    activation = given.get("activation") or given.get("activation.name")
    if gated and activation is not None:
        raise _no_activation(",".join(_values(activation)), gated[0])
    if config.model.parameters is not None or _values(given.get("model.parameters")) not in ([], ["None"]):
        for key, none in (("model.hidden", "None"), ("model", "auto")):
            if _values(given.get(key)) not in ([], [none]):
                raise UserError(
                    f"model.parameters and {key}: both set the size of the layer; give one of them, or "
                    "model.parameters=null",
                    "model.parameters",
                )
    if config.cell.chrono and "cell.forget_bias" in given:
        raise UserError("cell.chrono=true draws the bias that cell.forget_bias sets: give one of them", "cell.chrono")


def _values(word: Override | None) -> list[str]:
    if word is None:
        return []
    value = word.value()
    return [str(each) for each in value.list] if word.is_choice_sweep() else [str(value)]  # type: ignore[union-attr]


def _no_activation(activation: str, cell: str) -> UserError:
    return UserError(
        f"activation={activation}: cell={cell} has no free activation, its gates are logistic and its state is tanh; "
        f"leave it out, or use {' or '.join(f'cell={each}' for each in FREE)}",
        "activation",
    )
