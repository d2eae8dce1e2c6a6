"""Describes the types, ranges and allowed values of the schema's fields, for messages and for the reference."""

import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le
from pydantic.fields import FieldInfo

KINDS = {int: "a whole number", float: "a number", bool: "true or false", str: "text", list[str]: "a list of texts"}
KINDS[dict[str, Any]] = "names with values, such as {gap: 3}"


def kinds(field: FieldInfo) -> list[Any]:
    """Returns the types that a field allows, without their annotations; `NoneType` stands for null."""
    kind: Any = field.annotation
    found = get_args(kind) if get_origin(kind) in (types.UnionType, Union) else (kind,)
    return [get_args(each)[0] if get_origin(each) is Annotated else each for each in found]


def kind(field: FieldInfo) -> str:
    """Returns a phrase for the type of a field: "a whole number"."""
    return KINDS.get(kinds(field)[0], "another value")


def allowed_words(field: FieldInfo) -> list[str]:
    """Returns the values of a field that allows a few words or numbers only; [] for any other field."""
    return [str(word) for each in kinds(field) if get_origin(each) is Literal for word in get_args(each)]


def allowed_range(field: FieldInfo) -> str:
    """Returns a phrase for the range of a field: "at least 1 and at most 8"; "" if all numbers are allowed."""
    low = [f"at least {each.ge:.15g}" for each in field.metadata if isinstance(each, Ge)]
    above = [f"above {each.gt:.15g}" for each in field.metadata if isinstance(each, Gt)]
    high = [f"at most {each.le:.15g}" for each in field.metadata if isinstance(each, Le)]
    return " and ".join([*low, *above, *high])
