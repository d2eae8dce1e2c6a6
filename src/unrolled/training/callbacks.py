"""What happens around Lightning's loop: scalars every n-th step, a probe every k-th, a progress bar."""

from typing import Any, Protocol

import pytorch_lightning as pl
from pytorch_lightning.callbacks import TQDMProgressBar
from torch import Tensor

from unrolled.rnn import SequenceToVector, Tape

from .module import Batch, Classifier
from .probe import Look, look


class Recorder(Protocol):
    """Where numbers go. Step s means: with the weights after s updates."""

    def row(self, step: int, values: dict[str, float]) -> None: ...
    def probe(self, step: int, look: Look) -> None: ...


class Scalars(pl.Callback):
    """loss (mean over the steps since the row before), accuracy of the batch, norm of each parameter's gradient."""

    def __init__(self, recorder: Recorder, every: int) -> None:
        self.recorder, self.every = recorder, every
        self._sum, self._steps = 0.0, 0
        self._gradients: dict[str, float] = {}

    def on_before_optimizer_step(self, trainer, pl_module: Any, optimizer) -> None:
        if trainer.global_step % self.every == 0:
            self._gradients = gradient_norms(pl_module.network)

    def on_train_batch_end(self, trainer, pl_module: Any, outputs: Any, batch: Batch, batch_idx: int) -> None:
        self._sum, self._steps = self._sum + outputs["loss"].item(), self._steps + 1
        step = trainer.global_step - 1
        if step % self.every == 0:
            hits = (outputs["answer"].argmax(1) == batch[2]).double().mean()
            self._write(step, {"epoch": trainer.current_epoch, "train/accuracy": float(hits), **self._gradients})

    def on_validation_end(self, trainer, pl_module) -> None:
        values = {name: float(value) for name, value in trainer.callback_metrics.items()}
        self.recorder.row(trainer.global_step, values)

    def on_exception(self, trainer, pl_module, exception) -> None:
        if self._steps:
            self._write(trainer.global_step - 1, {"epoch": trainer.current_epoch})

    def _write(self, step: int, values: dict[str, float]) -> None:
        self.recorder.row(step, {"loss": self._sum / self._steps, **values})
        self._sum, self._steps = 0.0, 0


# Parameter of the network -> what the field calls it.
PARAMETERS = {
    "rnn.W_x": "W_x",
    "rnn.W_h": "W_h",
    "rnn.b": "b",
    "embedding.weight": "embedding",
    "W_o": "W_o",
    "b_o": "b_o",
}


def gradient_norms(network: SequenceToVector) -> dict[str, float]:
    """Frobenius norm, in float64, of each parameter's gradient; keys `grad/W_h` and so on."""
    return {
        f"grad/{PARAMETERS[name]}": float(p.grad.double().norm())
        for name, p in network.named_parameters()
        if p.grad is not None
    }


class Probe(pl.Callback):
    """Looks at the gradients at step 0, every k-th step and, through `last`, at the end.

    batch: the fixed validation batch, or None to use the training batch's own tape.
    """

    def __init__(self, recorder: Recorder, every: int, batch: Batch | None) -> None:
        self.recorder, self.every, self.batch = recorder, every, batch
        self.first: Look | None = None
        self.latest: Look | None = None
        self._at: int | None = None
        self._training: Batch | None = None

    def on_train_batch_start(self, trainer, pl_module: Any, batch, batch_idx: int) -> None:
        self._training = batch
        if trainer.global_step % self.every:
            return
        if self.batch is None:
            pl_module.tape = Tape()
        else:
            self._record(trainer.global_step, look(pl_module.network, pl_module.loss, self.batch))

    def on_after_backward(self, trainer, pl_module: Any) -> None:
        tape, pl_module.tape = pl_module.tape, None
        if tape is not None:
            assert self._training is not None
            seen = look(pl_module.network, pl_module.loss, self._training, tape)
            self._record(trainer.global_step, seen)

    def last(self, step: int, module: Classifier, fallback: Batch) -> None:
        """The look at the end (or the only one, where nothing was trained), unless it has just been taken.

        fallback: the batch for a source=training probe that never saw one.
        """
        if self._at == step:
            return
        batch = self.batch or self._training or fallback
        self._record(step, look(module.network, module.loss, batch))

    def _record(self, step: int, seen: Look) -> None:
        self.first = self.first or seen
        self.latest, self._at = seen, step
        self.recorder.probe(step, seen)


class Progress(TQDMProgressBar):
    """Shows the loss without `self.log`, which would cost more than the step itself."""

    def __init__(self) -> None:
        super().__init__(refresh_rate=20)

    def on_train_batch_end(self, trainer, pl_module, outputs: Any, batch: Any, batch_idx: int) -> None:
        self._loss: Tensor = outputs["loss"]
        super().on_train_batch_end(trainer, pl_module, outputs, batch, batch_idx)

    def get_metrics(self, trainer, pl_module) -> dict[str, Any]:
        shown = {"loss": f"{self._loss.item():.3f}"} if hasattr(self, "_loss") else {}
        accuracy = trainer.callback_metrics.get("val/accuracy")
        return shown if accuracy is None else {**shown, "val/accuracy": f"{float(accuracy):.3f}"}
