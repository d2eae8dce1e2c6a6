"""What answers the question of a sweep: `sweep.answer`, such as `score by model.hidden`."""

from dataclasses import dataclass

from unrolled.errors import UserError

from .keys import closest, is_known, meant

KEY = "sweep.answer"
SLOPE = "slope"  # not an axis: of each run at step 0, times the lag of the task's dependency where it is known
ANSWERS = {
    "regime at initialisation": "what the gradient does before training, in networks drawn for each configuration",
    "why": "the two factors of a step back in time: the activation's slope, and W_h along the gradient",
    "change of slope": "how far training moves the slope",
    "score": "the deciding score on the validation split",
    "training score": "the deciding score on training examples and on the validation split",
    "baselines": "the deciding score beside the trivial baseline and the strongest reference",
    "share solved": "how many runs solve the task within their updates",
    "updates": "how many updates the runs need to solve the task",
    "seconds": "how long all updates of a run take",
    "horizon": "the lag at which the gradient has changed by a factor of 100, after training",
    "reach": "whether runs learn whose gradient at step 0 reaches what the data need",
    "critical line": "where the slope at initialisation is 0, beside mean-field theory",
}
BY_SLOPE = ("score", "share solved", "updates")
WITHOUT_AXIS = ("reach", "critical line")


@dataclass(frozen=True)
class Asked:
    """One quantity that a sweep compares.

    quantity: a key of ANSWERS.
    by: the axes along which it is compared, or SLOPE alone; empty: the axes of the sweep.
    """

    quantity: str
    by: tuple[str, ...] = ()


def asked(text: str) -> list[Asked]:
    """Returns what `sweep.answer` asks for: quantities with their axes, such as `score by seed; seconds by seed`.

    Raises UserError for a quantity or an axis that there is not.
    """
    return [_one(" ".join(part.split())) for part in text.split(";") if part.strip()]


def check_answer(text: str) -> None:
    """Raises UserError if `sweep.answer` cannot be read."""
    for each in asked(text):
        for key in each.by:
            if key != SLOPE and not is_known(key):
                near = meant(key)
                instead = f"; did you mean {near[0]}?" if near else "; allowed are the keys of the configuration"
                raise UserError(f"{KEY}: unknown key {key}{instead}", KEY)


def _one(part: str) -> Asked:
    quantity, by, axes = part.partition(" by ")
    if quantity not in ANSWERS:
        near = closest(quantity, ANSWERS)
        instead = f"did you mean {near}?" if near else f"allowed: {', '.join(ANSWERS)}"
        raise UserError(f"{KEY}={part}: unknown quantity {quantity}; {instead}", KEY)
    keys = tuple(key.strip() for key in axes.split(",")) if by else ()
    if by and not all(keys):
        raise UserError(f"{KEY}={part}: an axis is missing: write it as '{quantity} by model.hidden'", KEY)
    if keys and quantity in WITHOUT_AXIS:
        raise UserError(f"{KEY}={part}: {quantity} has no axis: write '{quantity}' alone", KEY)
    if SLOPE in keys and (len(keys) > 1 or quantity not in BY_SLOPE):
        raise UserError(f"{KEY}={part}: only {', '.join(BY_SLOPE)} can be compared by slope, and by it alone", KEY)
    return Asked(quantity, keys)
