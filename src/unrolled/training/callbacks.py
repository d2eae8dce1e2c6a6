"""What happens around Lightning's loop: scalars every n-th step, a probe every k-th, a progress bar."""

import math
import time
from collections.abc import Callable
from typing import Any, Protocol

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import TQDMProgressBar
from torch import Tensor

from unrolled.rnn import Batch, Pattern, Tape
from unrolled.tasks.data import Loss

from .measurement import Evidence, evidence
from .module import RecurrentModule, to_device
from .probe import Look, look, look_untrained


class Recorder(Protocol):
    """Where numbers go. Step s means: with the weights after s updates."""

    def row(self, step: int, values: dict[str, float]) -> None: ...
    def probe(self, step: int, look: Look) -> None: ...


class Scalars(pl.Callback):
    """loss (mean over the steps since the row before), accuracy of the batch, norm of each parameter's gradient.

    losses: of every step. seconds: what every update took, probes and logging left out.
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
            share = {"train/accuracy": self._accuracy(trainer, outputs, batch)} if pl_module.classes else {}
            self._write(step, {"epoch": trainer.current_epoch, **share, **self._gradients})

    def _accuracy(self, trainer, outputs: Any, batch: Batch) -> float:
        """Of the whole batch, whose parts may be on several ranks."""
        found = hits(outputs["answer"], outputs["part"])
        return float(trainer.strategy.reduce(found, reduce_op="sum")) / batch.answers

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
        """Standard deviation of ln(loss of a step / loss of the step before)."""
        logs = torch.tensor([math.log(loss) for loss in self.losses if loss > 0], dtype=torch.float64)
        return float(logs.diff().std()) if len(logs) > 2 else None


def hits(answer: Tensor, batch: Batch) -> Tensor:
    """Number of the answers that count whose most probable class is the true one."""
    right = answer.argmax(-1) == batch.y
    return batch.counted(right).double().sum()


def label(parameter: str) -> str:
    """What the field calls a parameter: W_x, W_h, b, W_o; a second RNN's with its name in front."""
    return parameter.removeprefix("rnn.").removesuffix(".weight")


def gradient_norms(network: Pattern) -> dict[str, float]:
    """Frobenius norm, in float64, of each parameter's gradient; keys `grad/W_h` and so on."""
    return {
        f"grad/{label(name)}": float(p.grad.double().norm())
        for name, p in network.named_parameters()
        if p.grad is not None
    }


class Probe(pl.Callback):
    """Looks at the gradients at step 0, every k-th step and, through `last`, at the end.

    batch: the fixed validation batch, or None to use the training batch's own tape. first, latest: what was seen.
    """

    def __init__(self, recorder: Recorder, every: int, batch: Batch | None) -> None:
        self.recorder, self.every, self.batch = recorder, every, batch
        self.first: Evidence | None = None
        self.latest: Evidence | None = None
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
            self._record(step, looker(step)(pl_module.network, pl_module.loss, self.batch or batch))

    def on_after_backward(self, trainer, pl_module: Any) -> None:
        tapes, pl_module.tapes = pl_module.tapes, ()
        if tapes:
            assert self._training is not None
            if pl_module.ranks[1] > 1:
                tapes = [gathered(tape, pl_module.ranks[1]) for tape in tapes]
            seen = look(pl_module.network, pl_module.loss, self._training, tapes)
            self._record(trainer.global_step, seen)

    def last(self, step: int, module: RecurrentModule, fallback: Batch) -> None:
        """The look at the end (or the only one, where nothing was trained); recorded unless it has just been.

        fallback: the batch for a source=training probe that never saw one.
        """
        batch = self.batch or self._training or fallback
        batch = to_device(batch, module.device)  # a checkpoint's lies on the CPU
        seen = looker(step)(module.network, module.loss, batch)
        if self._at != step:
            self._record(step, seen)
        self.latest = evidence(seen, whole=True)

    def _record(self, step: int, seen: Look) -> None:
        self.latest, self._at = evidence(seen, whole=self.first is None), step
        self.first = self.first or self.latest
        self.recorder.probe(step, seen)

    def state_dict(self) -> dict[str, Any]:
        """With the training batch that the look at the end needs: a run may be stopped after its last update."""
        training = None if self._training is None or self.batch is not None else list(self._training)
        return {"first": self.first, "latest": self.latest, "at": self._at, "training": training}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.first, self.latest, self._at = state_dict["first"], state_dict["latest"], state_dict["at"]
        training = state_dict.get("training")  # checkpoints of earlier versions have none
        self._training = None if training is None else Batch(*training)


def looker(step: int) -> Callable[[Pattern, Loss, Batch], Look]:
    """How a network is looked at after so many updates."""
    return look if step else look_untrained


def gathered(tape: Tape, world: int) -> Tape:
    """The tape of the whole batch, from those of its parts; a part's loss is `world` times its share of the mean."""
    whole = Tape()
    for name, divisor in (("dh", world), ("da", world), ("h", 1)):
        parts: list[Any] = [None] * world
        torch.distributed.all_gather_object(parts, getattr(tape, name).cpu())
        device = getattr(tape, name).device
        setattr(whole, name, torch.cat([part.to(device) for part in parts], dim=1) / divisor)
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
