"""Callbacks of Lightning's loop: scalars every n-th step, a probe every k-th, a progress bar."""

import math
import time
from typing import Any, Protocol

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import TQDMProgressBar
from torch import Tensor

from unrolled.rnn import Batch, Pattern, Tape

from .measurement import MeasuredValues, measured_values
from .module import RecurrentModule, to_device
from .probe import Measurement, measure, measure_untrained


class Recorder(Protocol):
    """Records numbers. Step s means: with the weights after s updates."""

    def row(self, step: int, values: dict[str, float]) -> None: ...
    def probe(self, step: int, measurement: Measurement) -> None: ...


class Scalars(pl.Callback):
    """Records loss (mean over the steps since the last row), batch accuracy, and norm of each parameter's gradient.

    losses: one for each step.
    seconds: duration of each update, without probes and logging.
    """

    def __init__(self, recorder: Recorder, every: int) -> None:
        self.recorder, self.every = recorder, every
        self.losses: list[float] = []
        self.seconds: list[float] = []
        self._written, self._began = 0, 0.0
        self._gradients: dict[str, float] = {}

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx: int) -> None:
        self._began = time.perf_counter()

    def on_before_optimizer_step(self, trainer, pl_module: Any, optimizer) -> None:
        if trainer.global_step % self.every == 0:
            self._gradients = gradient_norms(pl_module.network)

    def on_train_batch_end(self, trainer, pl_module: Any, outputs: Any, batch: Batch, batch_idx: int) -> None:
        self.seconds.append(time.perf_counter() - self._began)
        self.losses.append(outputs["mean"].item())
        step = trainer.global_step - 1
        if step % self.every == 0:
            accuracy = {"train/accuracy": self._accuracy(trainer, outputs, batch)} if pl_module.classes else {}
            self._write(step, {"epoch": trainer.current_epoch, **accuracy, **self._gradients})

    def _accuracy(self, trainer, outputs: Any, batch: Batch) -> float:
        """Returns the accuracy on the whole batch, whose parts may be on several ranks."""
        correct = hits(outputs["answer"], outputs["part"])
        return float(trainer.strategy.reduce(correct, reduce_op="sum")) / batch.answers

    def on_validation_end(self, trainer, pl_module) -> None:
        values = {name: float(value) for name, value in trainer.callback_metrics.items()}
        self.recorder.row(trainer.global_step, values)

    def on_exception(self, trainer, pl_module, exception) -> None:
        if len(self.losses) > self._written:
            self._write(trainer.global_step - 1, {"epoch": trainer.current_epoch})

    def _write(self, step: int, values: dict[str, float]) -> None:
        new = self.losses[self._written :]
        self.recorder.row(step, {"loss": sum(new) / len(new), **values})
        self._written = len(self.losses)

    def state_dict(self) -> dict[str, Any]:
        losses, seconds = (torch.tensor(each, dtype=torch.float64) for each in (self.losses, self.seconds))
        return {"losses": losses, "seconds": seconds, "written": self._written}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.losses, self.seconds = state_dict["losses"].tolist(), state_dict["seconds"].tolist()
        self._written = state_dict["written"]

    @property
    def roughness(self) -> float | None:
        """Standard deviation of ln(loss of a step / loss of the step before); None if there are too few steps."""
        logs = torch.tensor([math.log(loss) for loss in self.losses if loss > 0], dtype=torch.float64)
        return float(logs.diff().std()) if len(logs) > 2 else None


def hits(answer: Tensor, batch: Batch) -> Tensor:
    """Returns the number of counted answers whose most probable class is the true one; answer: (..., C)."""
    correct = answer.argmax(-1) == batch.y
    return batch.counted(correct).double().sum()


def label(parameter: str) -> str:
    """Returns the usual name of a parameter: W_x, W_h, b, W_o; a second RNN's has the RNN's name in front."""
    return parameter.removeprefix("rnn.").removesuffix(".weight")


def gradient_norms(network: Pattern) -> dict[str, float]:
    """Returns the Frobenius norm of each parameter's gradient, in float64; keys `grad/W_h` and so on."""
    return {
        f"grad/{label(name)}": float(p.grad.double().norm())
        for name, p in network.named_parameters()
        if p.grad is not None
    }


class Probe(pl.Callback):
    """Measures the gradients at step 0, every k-th step and, by `last`, at the end.

    batch: the fixed validation batch; None: the training batch's own backward pass is recorded.
    first, latest: values of the first and of the newest measurement.
    """

    def __init__(self, recorder: Recorder, every: int, batch: Batch | None) -> None:
        self.recorder, self.every, self.batch = recorder, every, batch
        self.first: MeasuredValues | None = None
        self.latest: MeasuredValues | None = None
        self._at: int | None = None
        self._training: Batch | None = None

    def on_train_batch_start(self, trainer, pl_module: Any, batch, batch_idx: int) -> None:
        self._training = batch
        step = trainer.global_step
        if step % self.every:
            return
        if step and self.batch is None:
            pl_module.tapes = tuple(Tape() for _ in pl_module.network.rnns)
        else:
            self._record(step, _measure_after(step, pl_module, self.batch or batch))

    def on_after_backward(self, trainer, pl_module: Any) -> None:
        tapes, pl_module.tapes = pl_module.tapes, ()
        if tapes:
            assert self._training is not None
            if pl_module.ranks[1] > 1:
                tapes = [gathered(tape, pl_module.ranks[1]) for tape in tapes]
            self._record(trainer.global_step, measure(pl_module.network, pl_module.loss, self._training, tapes))

    def last(self, step: int, module: RecurrentModule, fallback: Batch) -> None:
        """Measures at the end of training, and records it unless this step's measurement is recorded already.

        step: number of updates that were made.
        fallback: the batch for probe.source=training if no training batch has been read.
        """
        batch = self.batch or self._training or fallback
        batch = to_device(batch, module.device)  # a checkpoint's lies on the CPU
        measurement = _measure_after(step, module, batch)
        if self._at != step:
            self._record(step, measurement)
        self.latest = measured_values(measurement, whole=True)

    def _record(self, step: int, measurement: Measurement) -> None:
        self.latest, self._at = measured_values(measurement, whole=self.first is None), step
        self.first = self.first or self.latest
        self.recorder.probe(step, measurement)

    def state_dict(self) -> dict[str, Any]:
        """Includes the training batch, which `last` needs: a run may be stopped after its last update."""
        training = None if self._training is None or self.batch is not None else list(self._training)
        return {"first": self.first, "latest": self.latest, "at": self._at, "training": training}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.first, self.latest, self._at = state_dict["first"], state_dict["latest"], state_dict["at"]
        training = state_dict.get("training")  # checkpoints of earlier versions have none
        self._training = None if training is None else Batch(*training)


def _measure_after(step: int, module: RecurrentModule, batch: Batch) -> Measurement:
    return (measure if step else measure_untrained)(module.network, module.loss, batch)


def gathered(tape: Tape, world: int) -> Tape:
    """Returns the tape of the whole batch from those of all ranks.

    tape: this rank's; its loss is `world` times its share of the mean.
    world: number of ranks.
    """
    whole = Tape()
    for name, divisor in (("dh", world), ("dc", world), ("da", world), ("dq", world), ("h", 1)):
        own: Tensor | None = getattr(tape, name)
        if own is None:  # a layer without a state c
            continue
        parts: list[Any] = [None] * world
        torch.distributed.all_gather_object(parts, own.cpu())
        setattr(whole, name, torch.cat([part.to(own.device) for part in parts], dim=1) / divisor)
    return whole


class Progress(TQDMProgressBar):
    """Shows the loss without `self.log`, which would cost more than the step itself."""

    def __init__(self, score: str) -> None:
        super().__init__(refresh_rate=20)
        self.score = f"val/{score}"

    def on_train_batch_end(self, trainer, pl_module, outputs: Any, batch: Any, batch_idx: int) -> None:
        self._loss: Tensor = outputs["mean"]
        super().on_train_batch_end(trainer, pl_module, outputs, batch, batch_idx)

    def get_metrics(self, trainer, pl_module) -> dict[str, Any]:
        shown = {"loss": f"{self._loss.item():z.3f}"} if hasattr(self, "_loss") else {}
        score = trainer.callback_metrics.get(self.score)
        return shown if score is None else {**shown, self.score: f"{float(score):z.3f}"}
