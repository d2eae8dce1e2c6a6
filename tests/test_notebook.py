"""The notebooks of docs/ run from top to bottom, and their numbers are those that are known and kept."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conftest import ROOT, Run
from unrolled.report.figures import COLOURS

pytestmark = pytest.mark.long
DOCS = ROOT / "docs"
NOTEBOOKS = ("lecture", "solutions")
NUMBER = r"[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?"
Cells = list[dict[str, Any]]


def cells(file: Path) -> Cells:
    return json.loads(file.read_text(encoding="utf-8"))["cells"]


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Cells]:
    """The cells of copies, as `make docs` executes them with this Python: a process whose warnings are not ours."""
    folder = tmp_path_factory.mktemp("notebook")
    kernel = folder / "jupyter" / "kernels" / "python3" / "kernel.json"
    kernel.parent.mkdir(parents=True)
    start = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    kernel.write_text(json.dumps({"argv": start, "display_name": "Python 3", "language": "python"}))
    own = {name: str(folder / "jupyter") for name in ("JUPYTER_PATH", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")}
    environment = {key: value for key, value in os.environ.items() if key != "MPLBACKEND"} | own
    copies = [Path(shutil.copy(DOCS / f"{name}.ipynb", folder)) for name in NOTEBOOKS]
    ran = subprocess.run(
        [sys.executable, DOCS / "execute.py", *copies],
        cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=280,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert sorted(file.name for file in folder.iterdir()) == ["jupyter", *sorted(copy.name for copy in copies)]
    return {copy.stem: cells(copy) for copy in copies}


def text(found: Cells) -> str:
    """Returns all that the cells of a notebook print."""
    outputs = [output for cell in found for output in cell.get("outputs", [])]
    assert not [output for output in outputs if output.get("name") == "stderr"]
    return "".join("".join(output["text"]) for output in outputs if output["output_type"] == "stream")


@pytest.fixture(scope="module")
def printed(executed: dict[str, Cells]) -> str:
    return text(executed["lecture"])


@pytest.fixture(scope="module")
def answers(executed: dict[str, Cells]) -> str:
    return text(executed["solutions"])


def pictures(found: Cells) -> list[str]:
    outputs = [output for cell in found for output in cell.get("outputs", [])]
    return [output["data"]["image/png"] for output in outputs if "image/png" in output.get("data", {})]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_kept_outputs_are_those_of_an_execution(name: str, executed: dict[str, Cells]) -> None:
    """Words are equal; numbers are, up to the rounding of a processor in their last digit."""
    kept, again = cells(DOCS / f"{name}.ipynb"), executed[name]
    assert [cell["source"] for cell in kept] == [cell["source"] for cell in again]
    assert [cell.get("execution_count") for cell in kept] == [cell.get("execution_count") for cell in again]
    assert all(cell["metadata"] == {} for cell in kept)
    assert len(pictures(kept)) == len(pictures(again)) == sum("".join(c["source"]).count("plt.show()") for c in kept)
    first, second = (re.sub(r"largest difference .*", "", text(found)) for found in (kept, again))
    assert re.sub(NUMBER, "#", first) == re.sub(NUMBER, "#", second)
    for one, other in zip(re.findall(NUMBER, first), re.findall(NUMBER, second), strict=True):
        digits = len(one.partition(".")[2]) if "e" not in one else 0
        assert float(other) == pytest.approx(float(one), abs=1.5 * 10**-digits, rel=0.01 if "e" in one else 0)


def test_they_are_small_and_in_the_colours_of_the_pages() -> None:
    assert sum((DOCS / f"{name}.ipynb").stat().st_size for name in NOTEBOOKS) < 500_000
    sources = "".join("".join(cell["source"]) for cell in cells(DOCS / "lecture.ipynb"))
    assert re.findall(r"#[0-9A-F]{6}", sources) == COLOURS[:6]


def test_every_question_has_its_answer(answers: str) -> None:
    lecture, solutions = (
        "".join("".join(cell["source"]) + "\n" for cell in cells(DOCS / f"{name}.ipynb")) for name in NOTEBOOKS
    )
    asked = re.findall(r"^(\d+)\. ", lecture[lecture.index("## Questions") :], flags=re.MULTILINE)
    assert asked == re.findall(r"^## (\d+) ", solutions, flags=re.MULTILINE) == [str(i) for i in range(1, 9)]
    assert "-0.000" not in answers


def test_answers_with_a_closed_form(answers: str) -> None:
    """The eigenvalues of [[1.2, 1], [-1.19, -1.2]] are +-.5; a sum of inputs with mean .5 in 32 units grows with t."""
    (sizes,) = re.findall(r"eigenvalues of W_h: \[(.*)\]", answers)
    assert [float(size) for size in sizes.split(", ")] == pytest.approx([0.5, 0.5], abs=1e-6)
    assert "the gradient grows 1.20 times a step back" in answers
    (row,) = re.findall(r"mean 0\.5: norm of the state (.*)", answers)
    at = {int(step): float(size) for size, step in re.findall(r"([\d.]+) at step (\d+)", row)}
    assert at[60] / at[30] == pytest.approx(2, rel=0.05)
    spread = [float(found) for found in re.findall(r"over 8 networks ([\d.]+)", answers)]
    assert len(spread) == 4 and spread[-1] < spread[0]


def numbers(line: str) -> list[float]:
    return [float(found) for found in re.findall(r"[+-]?\d+\.\d+", line)]


def test_the_four_words_are_those_of_the_command(
    printed: str, quick_run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    quick_run("experiment=notes_example", "trainer.max_steps=1", "probe.births=0")
    told = capsys.readouterr().out
    states = re.findall(r"h_t \[(.*)\]", told)
    assert len(states) == 4
    ours = re.findall(r"^h_\d \([^)]*\) (.*)$", printed, flags=re.MULTILINE)
    assert [numbers(row) for row in ours] == [pytest.approx(numbers(row), abs=1.5e-3) for row in states]
    (answer,) = re.findall(r"softmax: (.*)", told)
    (loss,) = re.findall(r"loss against 'positive': (.*)", told)
    (line,) = re.findall(r"^(.*)   loss .*$", printed, flags=re.MULTILINE)
    assert re.sub(r"[\d.]+", "", line) == re.sub(r"[\d.]+", "", answer)  # the same classes in the same order
    assert numbers(line) == pytest.approx(numbers(answer), abs=0.15)  # percentages with one decimal
    (ours_loss,) = re.findall(r"   loss (.*)$", printed, flags=re.MULTILINE)
    assert float(ours_loss) == pytest.approx(float(loss), abs=1.5e-4)
    norms = re.findall(r"t = (\d): (0\.\d+)", told)
    ours_norms = re.findall(r"norm of dL/dh_(\d) .*  (0\.\d+)", printed)
    assert sorted(step for step, _ in norms) == sorted(step for step, _ in ours_norms)
    for (_, norm), (_, own) in zip(sorted(norms), sorted(ours_norms), strict=True):
        assert float(own) == pytest.approx(float(norm), abs=1.5e-5)


def test_the_hand_written_gradient_is_autograds(printed: str) -> None:
    (difference,) = re.findall(r"largest difference (\S+)", printed)
    assert float(difference) < 1e-12


def test_known_numbers_come_out(printed: str) -> None:
    """Powers of 1/4 in float32, and the norms of a matrix's powers: closed forms."""
    assert "0 in float32 from n = 75; its square, which a norm needs, from n = 38" in printed
    assert "grows to 38.75 at n = 9, and is below 1 only from n = 63 on" in printed
    linear = re.findall(r"identity  c = \S+: slope (\S+) nats per lag, ln c = (\S+),", printed)
    assert len(linear) == 3
    for slope, expected in linear:
        assert float(slope) == pytest.approx(float(expected), abs=1.5e-3)  # one unit of the last digit
    assert "-0.000" not in printed
    assert re.search(r"norm 1.*e\+\d+ -> 1\.000000, cosine 1\.0000000000", printed)


def test_the_critical_gain_solves_the_equations_of_mean_field(printed: str) -> None:
    """Poole et al. 2016, eqs. 3 and 5, by trapezoid."""
    (sigma_w2,) = (float(found) for found in re.findall(r"0\.1: critical from sigma_w\^2 = (\S+) on", printed))
    z, dz = np.linspace(-12, 12, 4001, retstep=True)
    weight, q = np.exp(-z * z / 2) / np.sqrt(2 * np.pi) * dz, 1.0
    for _ in range(500):
        q = sigma_w2 * float(weight @ np.tanh(np.sqrt(q) * z) ** 2) + 0.1
    chi = sigma_w2 * float(weight @ np.cosh(np.sqrt(q) * z) ** -4)
    assert chi == pytest.approx(1, abs=1e-4)


def test_each_cure_is_gentler_than_the_small_gaussian_start(printed: str) -> None:
    slopes = {name.strip(): float(s) for name, s in re.findall(r"^(.{35}) slope (\S+)  \w+ +horizon", printed, re.M)}
    assert len(slopes) == 6
    worst = slopes.pop("Gaussian, gain 0.5, tanh")
    assert worst < -0.6
    assert all(abs(slope) < 0.1 for slope in slopes.values())
