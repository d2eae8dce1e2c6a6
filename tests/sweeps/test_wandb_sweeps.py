"""The files for W&B Sweeps: W&B's schema accepts them, and what its agent would type is what `src/train.py` takes."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from conftest import ROOT
from unrolled.run.preflight import compose

FILES = sorted((ROOT / "sweeps" / "wandb").glob("*.yaml"))


def schema() -> dict[str, Any]:
    """That of wandb[sweeps]: a file of the package `sweeps`, whose code wants an old numpy and is not run."""
    found = importlib.util.find_spec("sweeps")
    assert found is not None and found.origin is not None
    return json.loads((Path(found.origin).parent / "config" / "schema.json").read_text())


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_wandb_accepts_the_file(file: Path) -> None:
    sweep = yaml.safe_load(file.read_text())
    jsonschema.Draft7Validator(schema()).validate(sweep)
    broken = {**sweep, "method": "guessing"}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(schema()).validate(broken)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_its_agent_types_is_understood(file: Path) -> None:
    sweep = yaml.safe_load(file.read_text())
    assert (ROOT / sweep["program"]).is_file()
    before = sweep["command"].index("${args_no_hyphens}")
    assert sweep["command"][:before] == ["${env}", "${interpreter}", "${program}"]
    fixed = [word for word in sweep["command"][before + 1 :] if word != "tracker=online"]
    for edge in (0, -1):
        typed = [f"{key}={_edge(spec, edge)}" for key, spec in sweep["parameters"].items()]
        compose([*typed, *fixed])


def _edge(spec: dict[str, Any], edge: int) -> Any:
    return spec["values"][edge] if "values" in spec else (spec["min"], spec["max"])[edge]
