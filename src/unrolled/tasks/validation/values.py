"""Validates masks, and the values that they leave."""

import torch
from torch import Tensor

from unrolled.errors import UserError
from unrolled.rnn.decoding import END, START

from ..data import Split
from .form import Form, first


def check_mask(mask: Tensor, place: str) -> None:
    if (at := first(~mask.any(1))) is not None:
        raise UserError(f"mask of {place} is False at every time step of {at}; allowed: True at one or more")
    ends, begins = mask[:, :-1] & ~mask[:, 1:], ~mask[:, :-1] & mask[:, 1:]
    gaps = begins & (ends.cumsum(1) > 0)
    if gaps.any():
        at = first(ends & gaps.any(1, keepdim=True))
        raise UserError(
            f"mask of {place} is True at {at} and False at the next; "
            "allowed: False only before a sequence, which ends at the last step (pad on the left)"
        )
    if ends.any():
        raise UserError(
            f"x of {place} is padded on the right in {int(ends.any(1).sum()):,} of {len(mask):,} sequences; allowed: "
            "padding on the left, so that all end at the last step: unrolled.tasks.padded(sequences) does it"
        )


def check_y_mask(y_mask: Tensor, mask: Tensor | None, form: Form, place: str) -> None:
    if (at := first(~y_mask.any(1))) is not None:
        raise UserError(f"y_mask of {place} is False at every time step of {at}; allowed: True at one or more")
    if form.writes and (at := first(~y_mask[:, :-1] & y_mask[:, 1:])) is not None:
        raise UserError(
            f"y_mask of {place} is False at {at} and True at the next; "
            f"allowed in {form.pattern}: True from the first step on (pad on the right)"
        )
    if form.pattern == "sequence_to_sequence" and mask is not None and (at := first(y_mask & ~mask)) is not None:
        raise UserError(
            f"y_mask of {place} is True at {at}, where mask is False; allowed: answers to steps that are read"
        )


def check_values(split: Split, form: Form, place: str) -> None:
    split.check(place)
    _check_range(split.x, split.mask, f"x of {place}", form.reads, "reads")
    _check_range(split.y, split.y_mask, f"y of {place}", form.answers, "answers", least=END if form.writes else 0)


def _check_range(
    values: Tensor, mask: Tensor | None, name: str, named: list[str] | int, field: str, *, least: int = 0
) -> None:
    """Raises UserError for tokens or classes without a name, and for numbers beyond those of a network.

    named: the names of the field, or how many numbers there are.
    least: the smallest index that may be used.
    """
    if isinstance(named, list):
        wrong = (values < least) | (values >= len(named))
        if mask is not None:
            wrong &= mask
        kind, allowed = "index", f"{least} to {len(named) - 1}, the places of a name in {field}"
        if least:
            allowed += f" ({START} is what the first step reads)"
    elif values.dtype == torch.float64:  # infinite in float32, it would be taken for a divergence
        wrong, kind, allowed = values.float().isinf(), "", "what float32 holds, up to 3.4e38"
    else:
        return
    if bool(wrong.any()):
        value = values[wrong][0].item()
        at = first(wrong if isinstance(named, list) or mask is not None else wrong.any(-1))
        raise UserError(f"{name} is {f'{kind} {value}'.strip()} at {at}; allowed: {allowed}")
