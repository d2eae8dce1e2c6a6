"""The program from outside: mistakes are one line and exit code 2, before any folder exists."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from commands import TRAIN, Command, unrolled
from conftest import ROOT, train, wandb_records, wandb_rows
from unrolled.config.files import choices
from unrolled.errors import UserError
from unrolled.record import status
from unrolled.record.tables import read_table
from unrolled.run.preflight import preflight

MISTAKES = {
    ("model.hiden=8",): "unknown key model.hiden (did you mean model.hidden=8?); allowed here: hidden, backward",
    ("model.hidden=-1",): "model.hidden=-1 is out of range: must be at least 1",
    ("model.hidden=8.5",): "model.hidden=8.5: must be a whole number",
    ("optimizer.lr=fast",): "optimizer.lr=fast: must be a number",
    ("optimizer.lr=nan",): "optimizer.lr=nan is out of range: must be finite and above 0",
    ("seed=null",): "seed=null: this key needs a value",
    ("model.hidden=true",): "model.hidden=true: must be a whole number",
    ("trainer.progress=maybe",): "trainer.progress=maybe: must be true or false",
    ("init=null",): "init=null: no such choice; allowed: critical, gaussian",
    ("slurm.setup=ls",): "slurm.setup=ls: must be a list of texts",
    ("probe.births=1001",): "probe.births=1001 is out of range: must be at least 0 and at most 1000",
    ("trainer.gradient_clip_val=0",): "trainer.gradient_clip_val=0 is out of range: must be above 0",
    ("seed=-1",): "seed=-1 is out of range: must be at least 0 and at most 4294967295",
    ("+model.foo=1",): "unknown key model.foo; allowed here: hidden, backward",
    ("++model.foo=1",): "unknown key model.foo; allowed here: hidden, backward",
    ("~model",): "~model: a key cannot be deleted; give it a value",
    ("~model.hidden",): "~model.hidden: a key cannot be deleted; give it a value",
    ("seed=0,1",): "seed=0,1: several values are a sweep, which needs -m; one text with commas needs quotes: seed=",
    ("model=lstm",): "model=lstm: no such choice: type cell=lstm; allowed: auto",
    ("activation=elu",): "activation=elu: no such choice (did you mean relu?); allowed: gelu, hardtanh, identity, "
    "leaky_relu, relu, sigmoid, softsign, tanh; docs/contributors.md shows how to add one",
    ("model=8",): "model=8: no such choice; allowed: auto, large, medium, small",
    ("optimizer=null",): "optimizer=null: no such choice; allowed: adam, adam_slow, sgd",
    ("task.name=foo",): "task.name=foo: allowed: adding, caption, chars, copy, forecast, latch, multiplication",
    ("task=adding", "loss=cross_entropy"): "loss=cross_entropy does not fit task=adding, which answers with numbers: "
    "use one of mse, mae, huber",
    ("loss=mse",): "loss=mse does not fit task=sentiment, which answers with classes: "
    "use one of cross_entropy, label_smoothing",
    (
        "task=adding",
        "embedding=onehot",
    ): "embedding=onehot does not fit task=adding, which reads numbers",
    ("embedding=none",): "embedding=none does not fit task=sentiment, which reads tokens: "
    "use one of trainable, frozen, onehot, pretrained",
    ("task.delay=3",): "task.delay=3: task=sentiment has no such value; it has: length, samples, min_count, "
    "shuffle_words, label_noise",
    ("loss.smoothing=0.2",): "loss.smoothing=0.2: loss=cross_entropy has no such value; it has: none",
    ("task.length=null",): "task.length has no value: task=sentiment needs one",
    ("task=temporal_order", "task.length=9"): "task.length=9: task=temporal_order needs at least 10 steps",
    ("task=temporal_order", "task.symbols=4"): "task.symbols=4: task=temporal_order has 2, 3",
    ("task=pixels", "task.size=9"): "task.size=9: task=pixels has 8, 28",
    ("task=forecast", "task.target=rain"): "task.target=rain: task=forecast has price, return, volatility, volume",
    ("task=own",): "task.file=: no such file; task=own needs the Python file of your task",
    ("task=own", "task.file=README.md"): "task.file=README.md: not a Python file",
    ("embedding=pretrained",): "embedding=pretrained needs a file: embedding.path=FILE",
    ("embedding=pretrained", "embedding.path=none.txt"): "embedding.path=none.txt: no such file",
    (
        "embedding=pretrained",
        "embedding.path=README.md",
    ): "embedding.path=README.md: line 1 is not a word",
    ("init.name=foo",): "init.name=foo: allowed: critical, gaussian, identity, orthogonal, xavier",
    ("trainer.devices=0",): "trainer.devices=0 is out of range: must be at least 1",
    ("hydra.mode=MULTIRUN", "seed=0,1", "hydra/sweeper=basic"): "hydra/launcher=local works with hydra/sweeper=grid",
    ("trainer.num_nodes=2",): "trainer.num_nodes=2: start the ranks with torchrun, or use hydra/launcher=slurm",
    ("trainer.precision=16",): "trainer.precision=16: allowed: 32, 64",
    ("tracker.project=",): "tracker.project is empty: give W&B's name of the project",
    ("hydra.run.dir=",): "hydra.run.dir= is empty: give a folder",
    ("--config-name", "activation"): "--config-name activation: no such file (did you mean activations?)",
    ("--config-dir", "nowhere"): "--config-dir nowhere: no such folder",
    ("sweep.dry_run=true",): "sweep.dry_run=true: this is a single run; give the command of a sweep",
    ("--bogus",): "--bogus: no such option; see --help",
}


@pytest.mark.parametrize("arguments", MISTAKES, ids=" ".join)
def test_a_mistake_is_one_line_with_its_place(arguments: tuple[str, ...]) -> None:
    with pytest.raises(UserError) as raised:
        preflight(arguments)
    assert str(raised.value).startswith(MISTAKES[arguments])


@pytest.mark.parametrize("arguments", [("activation=tahn",), ("--config-name", "activations", "model.hidden=8,-8")])
def test_a_mistake_ends_the_program_with_2_and_leaves_no_folder(arguments: tuple[str, ...], tmp_path: Path) -> None:
    folders = [f"hydra.run.dir={tmp_path}/run", f"hydra.sweep.dir={tmp_path}/sweep"]
    ended = train(*arguments, *folders)
    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 1
    assert ended.stderr.startswith("unrolled: ")
    assert not list(tmp_path.iterdir())


def test_help_names_every_group_with_its_choices() -> None:
    printed = train("--help").stdout
    for group, names in choices().items():
        assert f"{group}: {', '.join(names)}" in printed


@pytest.mark.parametrize("name", ["noise", "short_memory", "slow"])
def test_a_ready_setting_that_sweeps_has_its_own_folder(name: str) -> None:
    planned = train(f"experiment={name}", "sweep.dry_run=true").stdout
    assert f"outputs/sweeps/{name}/" in planned and "outputs/sweeps/train/" not in planned


def test_the_help_of_the_viewer_names_the_other_dashboard() -> None:
    shown = unrolled("dashboard", "--help").stdout
    assert "`push`: to W&B's pages" in shown and "\n  push " in shown


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("nope", "nope: no such command; allowed: train, report, show"),
        ("report", "Missing argument 'FOLDER'"),
        ("predict something", "predict needs a run's folder and a text or a file: unrolled predict FOLDER TEXT|FILE"),
        ("diagnose --length x", "'--length': 'x' is not a valid integer"),
        ("predict run text --checkpoint first", "'first' is not one of 'best', 'last'"),
        ("show --bogus", "No such option '--bogus'"),
        ("diagnose", "give exactly one of: a run's folder, a checkpoint, --from-torch FILE"),
    ],
)
def test_a_mistake_in_a_command_is_one_line(words: str, named: str) -> None:
    ended = unrolled(*words.split())
    assert (ended.returncode, ended.stdout, len(ended.stderr.splitlines())) == (2, "", 1)
    assert ended.stderr.startswith("unrolled: ") and named in ended.stderr


def test_a_run_is_what_wandb_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_SERVICE", "3-1-unix-/nowhere/socket")  # as in a notebook that W&B has been used in
    folder = tmp_path / "run"
    words = ["trainer.max_steps=5", "probe.every=4", "probe.births=2", "model.hidden=4", f"hydra.run.dir={folder}"]
    ended = subprocess.run(  # a start from nothing: no library may print while it is imported
        [sys.executable, str(TRAIN), *words], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert (folder / ".hydra" / "config.yaml").is_file()
    records = {record["type"]: record[record["type"]] for record in wandb_records(folder)}
    assert records["run"]["display_name"] == "sentiment tanh gain=1.0 hidden=4 seed=0"
    config = records["run"]["config"]["update"]
    assert config["model"]["hidden"] == 4
    assert config["choices"]["activation"] == "tanh"
    assert records["exit"] == {"exit_code": 0, **{k: v for k, v in records["exit"].items() if k == "runtime"}}
    rows = wandb_rows(folder)
    steps = [row["trainer/global_step"] for row in rows]
    assert steps == sorted(set(steps))
    _, recorded = read_table(folder / "profiles" / "grad_h.csv")
    logged = [row for row in rows if "grad_h/profile.values" in row]
    assert [row["trainer/global_step"] for row in logged] == [row[0] for row in recorded]
    for row, kept in zip(logged, recorded, strict=True):
        assert row["grad_h/profile.values"] == pytest.approx([v for v in kept[1:] if v == v], rel=1e-12)  # noqa: PLR0124
    again = train("trainer.max_steps=5", f"hydra.run.dir={folder}")
    assert again.returncode == 2
    assert "already holds results" in again.stderr


@pytest.mark.parametrize("part", ["unrolled.sweeps.local", "unrolled.report.build", "unrolled.report.show"])
def test_reports_do_not_import_torch(part: str) -> None:
    """Its import takes seconds: the launcher would start its fork server late, and `unrolled show` would be slow."""
    code = f"import {part}, sys; print([name for name in ('torch', 'pytorch_lightning') if name in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert ended.stdout == "[]\n"


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), pytest.param(signal.SIGTERM, 143, marks=pytest.mark.long)]
)
def test_a_signal_ends_a_run_tidily(number: int, code: int, tmp_path: Path) -> None:
    process = Command(TRAIN, "trainer.max_epochs=1000", f"hydra.run.dir={tmp_path / 'run'}")
    metrics = tmp_path / "run" / "metrics.csv"
    deadline = time.monotonic() + 60
    while not (metrics.is_file() and len(metrics.read_text().splitlines()) > 3):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    process.send_signal(number)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == code
    assert stderr == f"unrolled: interrupted (stopped by {signal.Signals(number).name}); what was computed is kept\n"
    assert status.read(tmp_path / "run")["state"] == "interrupted"
    assert (tmp_path / "run" / "checkpoints" / "last.ckpt").is_file()
    exits = [record["exit"] for record in wandb_records(tmp_path / "run") if record["type"] == "exit"]
    assert exits[0]["exit_code"] == 1


def test_a_python_without_the_packages_names_the_command_that_installs_them(tmp_path: Path) -> None:
    bare = [sys.executable, "-I", "-S", str(ROOT / "src" / "train.py")]
    ended = subprocess.run(bare, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert ended.returncode == 2
    assert "run `make setup`" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
