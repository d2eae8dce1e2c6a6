"""Validates the examples of a user's own task against its pattern, and against what it reads and answers."""

import torch
from torch import Tensor

from unrolled.errors import UserError

from ..data import Split
from .form import Form, shape_of, tensor
from .values import check_mask, check_values, check_y_mask

REAL = (torch.float32, torch.float64, torch.float16, torch.bfloat16)
NUMBERS = (*REAL, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8)


def check_split(split: object, form: Form, place: str, samples: int | None = None) -> None:
    """Raises UserError for the first thing that is wrong with a split.

    place: the split's name, for the message.
    samples: how many it must have; None: any number but 0.
    """
    if not isinstance(split, Split):
        raise UserError(f"{place} is of type {type(split).__name__}; allowed: Split")
    x, y = tensor(split.x, f"x of {place}"), tensor(split.y, f"y of {place}")
    mask = _mask(split.mask, "mask", place, None if form.reads_vectors else "every time step of x")
    y_mask = _mask(split.y_mask, "y_mask", place, "every time step of y" if form.by_step else None)
    _check_x(x, form, place)
    _check_y(y, form, place)
    _check_number(split, place, samples)
    for name, values, of in (("mask", mask, x), ("y_mask", y_mask, y)):
        if values is not None and values.shape != of.shape[:2]:
            wanted = f"{shape_of(of.shape[:2])}, one for each sample and time step"
            raise UserError(f"{name} of {place} has the shape {shape_of(values.shape)}; allowed: {wanted}")
    if form.pattern == "sequence_to_sequence" and y.shape[1] != x.shape[1]:
        raise UserError(
            f"y of {place} has {y.shape[1]} time steps and x has {x.shape[1]}; "
            "allowed in sequence_to_sequence: as many answers as steps"
        )
    if mask is not None:
        check_mask(mask, place)
    if y_mask is not None:
        check_y_mask(y_mask, mask, form, place)
    check_values(split, form, place)


def _check_tokens(values: Tensor, name: str, shape: str, dimensions: int, why: str) -> None:
    if values.dtype != torch.int64:
        raise UserError(f"{name} is {values.dtype}; allowed: torch.int64, because {why}")
    _check_shape(values, name, shape, dimensions, why)


def _check_shape(values: Tensor, name: str, shape: str, dimensions: int, why: str) -> None:
    if values.ndim != dimensions:
        raise UserError(f"{name} has the shape {shape_of(values.shape)}; allowed: {shape}, because {why}")


def _check_numbers(values: Tensor, name: str, shape: str, size: int, why: str) -> None:
    """shape: its symbols, the last one standing for the size."""
    if values.dtype not in NUMBERS:
        raise UserError(f"{name} is {values.dtype}; allowed: torch.float32, because {why}")
    _check_shape(values, name, shape, shape.count(",") + 1, why)
    if values.shape[-1] != size:
        raise UserError(
            f"{name} has the shape {shape_of(values.shape)}, with {values.shape[-1]} numbers in the last dimension; "
            f"allowed: {size}, because {why}"
        )


def _check_x(x: Tensor, form: Form, place: str) -> None:
    name = f"x of {place}"
    if isinstance(form.reads, list):
        _check_tokens(x, name, "(N, T)", 2, f"reads lists {len(form.reads)} tokens")
    else:
        shape = "(N, D)" if form.reads_vectors else "(N, T, E)"
        _check_numbers(x, name, shape, form.reads, f"reads={form.reads} in {form.pattern}")
    if x.ndim > 1 and not form.reads_vectors and x.shape[1] == 0 and len(x):
        raise UserError(f"{name} has no time step; allowed: 1 or more")


def _check_y(y: Tensor, form: Form, place: str) -> None:
    name, why = f"y of {place}", f"the pattern is {form.pattern} and "
    if isinstance(form.answers, list):
        shape = "(N, T')" if form.by_step else "(N,)"
        _check_tokens(y, name, shape, 1 + form.by_step, f"{why}answers lists {len(form.answers)} classes")
    else:
        shape = "(N, T', K)" if form.by_step else "(N, K)"
        _check_numbers(y, name, shape, form.answers, f"{why}answers={form.answers}")
    if form.by_step and y.shape[1] == 0 and len(y):
        raise UserError(f"{name} has no time step; allowed: 1 or more")


def _mask(value: object, name: str, place: str, covers: str | None) -> Tensor | None:
    """covers: what it has to say of; None: there must be none."""
    if covers is None:
        if value is not None:
            raise UserError(f"{name} of {place} is given; allowed in this pattern: None")
        return None
    if value is None:
        raise UserError(f"{name} of {place} is None; allowed in this pattern: bool, for {covers}")
    found = tensor(value, f"{name} of {place}")
    if found.dtype != torch.bool:
        raise UserError(f"{name} of {place} is {found.dtype}; allowed: torch.bool")
    return found


def _check_number(split: Split, place: str, samples: int | None) -> None:
    sizes = {name: len(getattr(split, name)) for name in ("x", "mask", "y", "y_mask") if _is_tensor(split, name)}
    if len(set(sizes.values())) > 1:
        found = ", ".join(f"{name} {n}" for name, n in sizes.items())
        raise UserError(f"{place} has different numbers of samples: {found}; allowed: the same for all")
    if samples is not None and len(split) != samples:
        raise UserError(f"{place} has {len(split)} samples; allowed: the {samples} that it was asked for")
    if not len(split):
        raise UserError(f"{place} is empty; allowed: 1 sample or more")


def _is_tensor(split: Split, name: str) -> bool:
    return isinstance(getattr(split, name), Tensor)
