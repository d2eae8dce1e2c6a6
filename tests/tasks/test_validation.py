"""What is wrong with an own task is one line that names the place, and what is allowed."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from bad_own_tasks import FIELDS, SPLITS, STREAM, STREAMS
from hypothesis import given
from hypothesis import strategies as st
from own_tasks import EXAMPLES, config_of

import own_data
from conftest import train
from unrolled.config.schema import TaskConfig
from unrolled.errors import UserError
from unrolled.rnn import PATTERNS
from unrolled.run.preflight import compose, preflight
from unrolled.tasks import OWN, TASKS, load
from unrolled.tasks.data import Data, Guess, Split, Stream
from unrolled.tasks.scores import classification, next_symbol, regression, writing
from unrolled.tasks.validation.own import validated

CASES = [
    *((kind, {"split": line}, message) for kind, line, message in SPLITS),
    *((kind, {"field": line}, message) for kind, line, message in FIELDS),
    *(
        ("tokens", {"field": STREAM.format(make=make, samples=samples, seed=seed)}, message)
        for make, samples, seed, message in STREAMS
    ),
]


@pytest.mark.parametrize("kind", EXAMPLES)
def test_each_kind_is_right_before_it_is_spoilt(kind: str, tmp_path: Path) -> None:
    assert isinstance(load(config_of(tmp_path / "mine.py", kind), 0), Data)


@pytest.mark.parametrize(
    ("kind", "change", "message"), CASES, ids=[f"{k}-{next(iter(c.values()))}" for k, c, _ in CASES]
)
def test_what_is_wrong_is_one_line(kind: str, change: dict[str, str], message: str, tmp_path: Path) -> None:
    config = config_of(tmp_path / "mine.py", kind, **change)
    with pytest.raises(UserError) as error:
        load(config, 0)
    line = str(error.value)
    prefix = f"task.file={config.file}"
    assert error.value.key == "task.file" and len(line.splitlines()) == 1
    assert line.startswith(prefix + (message if message[0] in ",:" else f": {message}")), line
    assert "allowed" in line or "Error" in line or "sys.exit" in line or "not " in line or "better" in line


def test_a_file_that_cannot_be_imported_names_its_line_and_leaves_no_folder(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    for text, message in (
        ("import torch\n\nimport no_such_module\n", "line 3: ModuleNotFoundError: No module named 'no_such_module'"),
        ("def load(config, seed):\n    return (\n", "line 2: SyntaxError: '(' was never closed"),
        ("x = 1\nraise SystemExit(0)\n", "line 2: it calls sys.exit(0), which would end the run"),
    ):
        file.write_text(text)
        ended = train("task=own", f"task.file={file}", f"hydra.run.dir={tmp_path / 'run'}")
        assert (ended.returncode, ended.stderr) == (2, f"unrolled: task.file={file}, {message}\n")
        assert not (tmp_path / "run").exists()


def test_a_load_with_other_arguments_is_named(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def load(config):\n    return None\n")
    with pytest.raises(UserError, match=r"mine.py: load\(config, seed\): TypeError: load\(\) takes 1 positional"):
        load(TaskConfig("own", file=str(tmp_path / "mine.py")), 0)


def test_a_run_that_meets_it_has_failed_with_this_line(tmp_path: Path) -> None:
    file, folder = tmp_path / "mine.py", tmp_path / "run"
    config_of(file, "tokens", field=STREAM.format(make="MAKE", samples=400, seed=0))
    make = "lambda n, g: Split(1 + torch.randint(200, (n, 5), generator=g) // 200 * 0 + (n == 16) * 3, *ALL(n))"
    text = file.read_text().replace("MAKE", make)
    file.write_text(text + "\ndef ALL(n):\n    return torch.ones(n, 5).bool(), torch.zeros(n).long()\n")
    ended = train("task=own", f"task.file={file}", f"hydra.run.dir={folder}", "tracker=none", "probe=off")
    *cautions, line = ended.stderr.splitlines()
    assert ended.returncode == 2 and all("validation examples are few" in each for each in cautions), ended.stderr
    assert f"unrolled: task.file={file}: x of a batch of the training stream is index" in line
    status = json.loads((folder / "status.json").read_text())
    assert status["state"] == "failed" and status["error"] == line.removeprefix("unrolled: ")


EXPLICIT = ["embedding=trainable", "loss=cross_entropy", "model.hidden=4", "trainer.max_epochs=1", "tracker=none"]


@pytest.mark.parametrize("explicit", [[], EXPLICIT])
def test_what_is_wrong_with_the_data_leaves_no_folder(
    explicit: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "mine.py"
    config_of(file, "tokens", split="x[3, 4] = 3")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"mine.py: x of the training split is index 3 at sample 3, time step 4"):
        preflight(["task=own", f"task.file={file}", *explicit])
    assert [path.name for path in tmp_path.iterdir() if path.name != "__pycache__"] == ["mine.py"]


@pytest.mark.long
@pytest.mark.parametrize("name", [name for name in TASKS if name != OWN])
def test_every_task_of_ours_would_pass(name: str) -> None:
    try:
        config = compose([f"task={name}", *own_data.overrides(name)])
    except UserError:
        pytest.skip("its extra is not installed")
    data = load(config.task, 0)
    assert replace(validated(data, "ours.py"), train=data.train) == data


@st.composite
def right_data(draw: st.DrawFn) -> Data:
    """Draws data of any pattern, with tokens or numbers, masks, and sizes down to 1."""
    pattern = draw(st.sampled_from(sorted(PATTERNS)))
    n, T, classes, size = (draw(st.integers(least, 5)) for least in (1, 1, 3, 1))
    writes, by_step = PATTERNS[pattern].writes, pattern != "sequence_to_vector"
    words = writes or draw(st.booleans())
    tokens = pattern != "vector_to_sequence" and draw(st.booleans())
    steps = T if pattern == "sequence_to_sequence" else draw(st.integers(1, 5))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 99)))

    def make(n: int, generator: torch.Generator) -> Split:
        starts = torch.randint(T, (n, 1), generator=generator)
        mask = None if pattern == "vector_to_sequence" else torch.arange(T) >= starts
        shape = (n, size) if mask is None else (n, T, size)
        x: Any = torch.rand(shape, generator=generator, dtype=draw(st.sampled_from([torch.float32, torch.float64])))
        if tokens:
            x = torch.randint(size, (n, T), generator=generator)
        answered = (n, steps) if by_step else (n,)
        y: Any = torch.rand((*answered, classes), generator=generator)
        if words:
            y = torch.randint(int(writes), classes, answered, generator=generator)
        ends = torch.arange(steps) <= torch.randint(steps, (n, 1), generator=generator)
        y_mask = (ends if writes else mask) if by_step else None
        if not tokens and mask is not None:
            x[~mask] = draw(st.sampled_from([0.0, float("nan"), float("inf")]))
        return Split(x, mask, y, None if y_mask is None else y_mask.clone())

    val = make(n, generator)
    answer = torch.zeros(*((steps,) if by_step else ()), n, classes)
    scores: Any = lambda: classification(classes)  # noqa: E731
    if writes:
        scores = lambda: writing(draw(st.booleans()))  # noqa: E731
    elif not words:
        scores = regression
    elif draw(st.booleans()):
        scores = lambda: next_symbol(classes)  # noqa: E731
    train = Stream(make, draw(st.integers(1, 50)), 0) if draw(st.booleans()) else make(4, generator)
    return Data(
        pattern,
        train,
        val,
        [f"r{i}" for i in range(size)] if tokens else size,
        [f"a{i}" for i in range(classes)] if words else classes,
        scores,
        Guess(answer, torch.ones(steps, n, dtype=torch.int64) if writes else None),
        "nothing",
    )


@given(right_data())
def test_data_that_are_right_pass(data: Data) -> None:
    assert validated(data, "mine.py").val is data.val
