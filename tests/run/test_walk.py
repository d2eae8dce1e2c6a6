"""The way of a value from the command line to the kernel, and of a number from the kernel to the page."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT

CODE = """
import atexit, json, os, sys
from hydra._internal.config_loader_impl import ConfigLoaderImpl
import unrolled.config.validate as validate
from unrolled.run.entry import train

folder, count, read = sys.argv[-1].partition("=")[2], {"compositions": 0, "validations": 0}, set()

def counted(owner, name, what):
    original = getattr(owner, name)
    def call(*args, **kwargs):
        count[what] += 1
        return original(*args, **kwargs)
    setattr(owner, name, call)

def opened(event, args):
    if event == "open" and isinstance(args[0], str) and args[0].startswith(folder):
        if isinstance(args[1], str) and not set(args[1]) & set("wax+"):  # os.open, for a sync, has no mode
            read.add(os.path.relpath(args[0], folder))

counted(ConfigLoaderImpl, "_load_configuration_impl", "compositions")
counted(validate, "TypeAdapter", "validations")
sys.addaudithook(opened)
atexit.register(lambda: print(json.dumps({**count, "read": sorted(read)})))
train(sys.argv[1:])
"""


@pytest.mark.long
def test_a_run_composes_and_validates_twice_and_reads_no_number_back(tmp_path: Path) -> None:
    words = ["activation=relu", "trainer.max_steps=4", "probe.births=2", "probe=full", "trainer.progress=false"]
    ended = subprocess.run(
        [sys.executable, "-c", CODE, *words, "tracker=offline", f"hydra.run.dir={tmp_path / 'run'}"],
        capture_output=True, text=True, cwd=ROOT, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout.splitlines()[-1])
    assert (found["compositions"], found["validations"]) == (2, 2)
    assert [name for name in found["read"] if name.endswith(".csv") or name.startswith("profiles")] == []
