"""One run from configuration to result: what it leaves, that it repeats, and how it ends."""

import csv
import json
import signal
from pathlib import Path

import pytest
import torch

from conftest import Run, some
from unrolled.config.files import choices
from unrolled.errors import Interrupted
from unrolled.rnn import SequenceToVector
from unrolled.training.module import RecurrentModule

PROFILES = ("grad_x", "grad_h", "grad_h_log", "grad_h_q10", "grad_h_q50", "grad_h_q90", "grad_h_zeros", "grad_h_count")


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_run_leaves_what_the_contract_promises(quick_run: Run, tmp_path: Path) -> None:
    status = quick_run()
    folder = tmp_path / "run"
    assert status == json.loads((folder / "status.json").read_text())
    assert (status["state"], status["steps"], status["error"]) == ("completed", 12, None)
    assert set(status["metrics"]) == set(status["baseline"]) == {"val/loss", "val/accuracy", "val/f1"}
    own = ("words shuffled", "the first 5 words unknown", "the last 5 words unknown")
    assert set(status["references"]) == {"bag of words", *(f"this network, {name}" for name in own)}
    assert status["births"]["n"] == 3
    for name in PROFILES:
        table = rows(folder / "profiles" / f"{name}.csv")
        assert [row["step"] for row in table] == ["0", "10", "12"]
        assert list(table[0])[1:] == [f"t{t}" for t in range(40)]
    logged = rows(folder / "metrics.csv")
    assert [row["step"] for row in logged] == ["0", "5", "10", "12"]
    assert float(logged[-1]["val/accuracy"]) == pytest.approx(status["metrics"]["val/accuracy"])


def test_checkpoints_load_with_weights_only(quick_run: Run, tmp_path: Path) -> None:
    quick_run()
    for name in ("last", "best"):
        path = tmp_path / "run" / "checkpoints" / f"{name}.ckpt"
        torch.load(path, weights_only=True)
        module = RecurrentModule.load_from_checkpoint(path, weights_only=True)
        assert isinstance(module.network, SequenceToVector)
        assert module.network.rnn.W_h.shape == (8, 8)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(quick_run: Run, tmp_path: Path) -> None:
    for folder, seed in (("first", 0), ("second", 0), ("other", 1)):
        quick_run(f"seed={seed}", folder=folder)
    first, second, other = (recorded(tmp_path / name) for name in ("first", "second", "other"))
    assert first == second
    assert all(first[name] != other[name] for name in ("metrics.csv", "grad_h.csv", "births_relative_log.csv"))


@pytest.mark.parametrize("task", ["adding", pytest.param("caption", marks=pytest.mark.long)])
def test_other_patterns_repeat_to_the_byte_too(task: str, quick_run: Run, tmp_path: Path) -> None:
    for folder in ("first", "second"):
        quick_run(f"task={task}", "model.hidden=8", folder=folder)
    assert recorded(tmp_path / "first") == recorded(tmp_path / "second")


def recorded(folder: Path) -> dict[str, bytes]:
    files = [folder / "metrics.csv", *sorted((folder / "profiles").iterdir())]
    return {file.name: file.read_bytes() for file in files}


@pytest.mark.long
def test_both_backward_passes_and_both_precisions_train_alike(quick_run: Run) -> None:
    losses = [
        quick_run(*overrides, folder=str(i))["metrics"]["val/loss"]
        for i, overrides in enumerate(
            [["trainer.precision=64"], ["trainer.precision=64", "model.backward=autograd"], ["trainer.precision=32"]]
        )
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)  # scores are kept in float32
    assert losses[0] == pytest.approx(losses[2], rel=1e-3)


def test_an_explosion_is_a_result(quick_run: Run, tmp_path: Path) -> None:
    status = quick_run("activation=identity", "init.gain=3", "optimizer=sgd", "optimizer.lr=100")
    assert status["state"] == "diverged"
    assert status["error"] == "the loss became nan at training step 1"
    assert (status["regime_start"], status["regime"]) == ("exploding", "diverged")
    assert status["metrics"] == dict.fromkeys(("val/loss", "val/accuracy", "val/f1"))
    assert rows(tmp_path / "run" / "metrics.csv")[0]["step"] == "0"
    assert [row["step"] for row in rows(tmp_path / "run" / "profiles" / "grad_h.csv")] == ["0", "1"]


def test_a_gradient_that_overflows_alone_ends_the_run_before_the_update(quick_run: Run, tmp_path: Path) -> None:
    status = quick_run("activation=tanh", "init=identity", "init.gain=1e20", "init.input_gain=0")
    assert status["state"] == "diverged"
    assert status["error"] == "the gradient became inf or nan at training step 0"
    weights = torch.load(tmp_path / "run" / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
    assert all(torch.isfinite(value).all() for value in weights.values() if value.is_floating_point())


def test_zero_steps_look_at_the_untrained_network(quick_run: Run) -> None:
    status = quick_run("trainer.max_steps=0")
    assert (status["state"], status["steps"]) == ("completed", 0)
    assert status["slope"] == status["slope_start"]


def test_probes_can_be_off(quick_run: Run, tmp_path: Path) -> None:
    status = quick_run("probe=off")
    assert "slope" not in status
    assert not list((tmp_path / "run" / "profiles").iterdir())


def test_clipping_changes_training_but_not_what_is_recorded_of_its_first_step(quick_run: Run, tmp_path: Path) -> None:
    sgd = ["optimizer=sgd", "probe.source=training"]
    quick_run(*sgd, folder="free")
    quick_run(*sgd, "trainer.gradient_clip_val=0.01", folder="clipped")
    free, clipped = (rows(tmp_path / name / "metrics.csv") for name in ("free", "clipped"))
    assert free[0] == clipped[0]
    assert free[-1]["val/loss"] != clipped[-1]["val/loss"]


def test_a_failure_is_recorded_and_raised(quick_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the disk of this test is on fire\nsecond line")

    monkeypatch.setattr(RecurrentModule, "configure_optimizers", broken)
    with pytest.raises(RuntimeError, match="on fire"):
        quick_run()
    status = json.loads((tmp_path / "run" / "status.json").read_text())
    assert (status["state"], status["error"]) == ("failed", "RuntimeError: the disk of this test is on fire")
    assert "on fire" in (tmp_path / "run" / "traceback.txt").read_text()


def test_an_interrupted_run_keeps_what_it_had(quick_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train = RecurrentModule.training_step

    def stop_at_7(self: RecurrentModule, batch, index: int):
        if self.global_step == 7:
            signal.raise_signal(signal.SIGINT)
        return train(self, batch, index)

    monkeypatch.setattr(RecurrentModule, "training_step", stop_at_7)
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    with pytest.raises(Interrupted):
        quick_run()
    for number, handler in before.items():
        signal.signal(number, handler)
    status = json.loads((tmp_path / "run" / "status.json").read_text())
    assert (status["state"], status["error"]) == ("interrupted", "stopped by SIGINT")
    assert [row["step"] for row in rows(tmp_path / "run" / "metrics.csv")] == ["0", "5", "7"]
    assert torch.load(tmp_path / "run" / "checkpoints" / "last.ckpt", weights_only=True)["global_step"] == 8


@pytest.mark.parametrize("choice", some((f"activation={name}" for name in choices()["activation"]), 3))
def test_every_activation_trains(choice: str, quick_run: Run) -> None:
    status = quick_run(choice, "task=latch", "trainer.max_steps=2")
    assert status["state"] == "completed"
    assert sum(status["births"]["regimes"].values()) == 3


@pytest.mark.parametrize("length", some([7, 1, 8, 2], 2))
def test_short_sentences_are_no_ground_for_a_regime(length: int, quick_run: Run) -> None:
    status = quick_run(f"task.length={length}", "trainer.max_steps=2", "init.gain=0.1")
    assert (status["regime"] == "undecided") == (length < 8)


def test_the_smallest_network_and_a_zero_gain(quick_run: Run) -> None:
    assert quick_run("model.hidden=1", "embedding.dim=1", "trainer.max_steps=2")["state"] == "completed"
    gone = quick_run("init.gain=0", "trainer.max_steps=0", "probe.births=0", folder="gone")
    assert (gone["regime"], gone["slope"], gone["births"]["n"]) == ("cut", None, 0)
