"""Fingerprints of a configuration: equal for two runs that must produce equal numbers."""

import hashlib
import json
from dataclasses import is_dataclass
from functools import lru_cache
from typing import Any

from .schema import Config
from .stamp import Stamp, sha256, stamp
from .validate import defaults

UNDECISIVE = ("sweep", "slurm", "tracker", "resume")
EXTENDABLE = ("max_epochs", "max_steps", "progress", "checkpoint_every_s")  # of `trainer`: a resume may change them
PIECE = 1 << 20
DATA = (".csv", ".tsv", ".tab", ".parquet", ".pq", ".npz")  # can be large: read once for all fingerprints
BORN_FROM = ("task", "activation", "cell", "model", "embedding", "init", "loss", "seed")


def fingerprint(values: dict[str, Any]) -> str:
    """Returns a hash of all values that affect a run's numbers; the groups in `UNDECISIVE` do not.

    values: a whole configuration, as `plain` returns it.
    """
    return _digest({k: v for k, v in _without_added(values, Config).items() if k not in UNDECISIVE}, values)


def resume_fingerprint(values: dict[str, Any]) -> str:
    """Returns a hash that is equal for a run and its resumes: the length of the training does not affect it.

    values: a whole configuration, as `plain` returns it.
    """
    decisive = {k: v for k, v in _without_added(values, Config).items() if k not in UNDECISIVE}
    trainer = {key: value for key, value in decisive["trainer"].items() if key not in EXTENDABLE}
    return _digest(decisive | {"trainer": trainer}, values)


def births_fingerprint(values: dict[str, Any]) -> str:
    """Returns a hash that is equal for two runs with equal initialisations measured on equal examples.

    values: a whole configuration, as `plain` returns it.
    """
    recorded = _without_added(values, Config)
    probe = {key: values["probe"][key] for key in ("births", "samples")}
    return _digest({key: recorded[key] for key in BORN_FROM if key in recorded} | {"probe": probe}, values)


def _digest(decisive: dict[str, Any], values: dict[str, Any]) -> str:
    text = json.dumps(decisive, sort_keys=True)
    files = (values["task"]["file"], values["embedding"]["path"])  # their content affects the numbers
    known = [stamp(file) for file in files if file]
    data = [each for each in known if each.file.suffix.lower() in DATA]
    return _hash(text + "".join(map(sha256, data)), *(each for each in known if each not in data))


@lru_cache(1024)
def _hash(text: str, *files: Stamp) -> str:
    """Returns the hash of a text and the contents of files; the end of a line counts as \\n in each of its forms."""
    found = hashlib.sha256(text.encode())
    for each in files:
        with each.file.open("rb") as file:
            cut = b""
            while piece := file.read(PIECE):
                piece = cut + piece
                cut = b"\r" if piece.endswith(b"\r") else b""  # the first half of \r\n, perhaps
                found.update(piece.removesuffix(cut).replace(b"\r\n", b"\n").replace(b"\r", b"\n"))
            found.update(cut and b"\n")
    return found.hexdigest()[:16]


def _without_added(values: dict[str, Any], schema: Any, group: str = "") -> dict[str, Any]:
    """Returns the values without the fields declared with `added` that have their defaults."""
    usual, kept = defaults(schema, group, values.get("name", "")), {}
    for key, value in values.items():
        field = schema.__pydantic_fields__[key]
        if (field.json_schema_extra or {}).get("added") and value == usual[key]:
            continue
        kept[key] = _without_added(value, field.annotation, key) if is_dataclass(field.annotation) else value
    return kept
