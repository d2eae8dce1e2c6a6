"""docs/lecture.ipynb runs from top to bottom, and its numbers are those that are known."""

import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest

from conftest import ROOT, Run

pytestmark = pytest.mark.long
NOTEBOOK = ROOT / "docs" / "lecture.ipynb"
KEPT = json.loads(NOTEBOOK.read_text(encoding="utf-8"))

EXECUTE = """
import sys
import nbformat
from nbclient import NotebookClient

notebook = nbformat.read(sys.argv[1], as_version=4)
NotebookClient(notebook, kernel_name="python3", timeout=240).execute(cwd=".")
nbformat.write(notebook, "executed.ipynb")
"""


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> list[dict]:
    """The cells after a run in an empty folder, by this Python: a process of its own, whose warnings are not ours."""
    folder = tmp_path_factory.mktemp("notebook")
    kernel = folder / "jupyter" / "kernels" / "python3" / "kernel.json"
    kernel.parent.mkdir(parents=True)
    start = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    kernel.write_text(json.dumps({"argv": start, "display_name": "Python 3", "language": "python"}))
    own = {name: str(folder / "jupyter") for name in ("JUPYTER_PATH", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")}
    environment = {key: value for key, value in os.environ.items() if key != "MPLBACKEND"} | own
    ran = subprocess.run(
        [sys.executable, "-c", EXECUTE, str(NOTEBOOK)],
        cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=280,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert not [file for file in folder.iterdir() if file.name not in ("jupyter", "executed.ipynb")]
    return json.loads((folder / "executed.ipynb").read_text(encoding="utf-8"))["cells"]


@pytest.fixture(scope="module")
def printed(executed: list[dict]) -> str:
    """All that its cells print."""
    outputs = [output for cell in executed for output in cell.get("outputs", [])]
    assert not [output for output in outputs if output.get("name") == "stderr"]
    return "".join("".join(output["text"]) for output in outputs if output["output_type"] == "stream")


def test_it_is_kept_without_outputs() -> None:
    assert set(KEPT["metadata"]) == {"kernelspec", "language_info"}
    assert KEPT["metadata"]["kernelspec"]["name"] == "python3"
    for cell in KEPT["cells"]:
        assert cell["metadata"] == {}
        if cell["cell_type"] == "code":
            assert (cell["outputs"], cell["execution_count"]) == ([], None)


def test_every_cell_runs_and_every_figure_is_drawn(executed: list[dict]) -> None:
    drawn = [
        output
        for cell in executed
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]  # fmt: skip
    asked = sum("".join(cell["source"]).count("plt.show()") for cell in executed)
    assert len(drawn) == asked == 5


def numbers(text: str) -> list[float]:
    return [float(found) for found in re.findall(r"[+-]?\d+\.\d+", text)]


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
