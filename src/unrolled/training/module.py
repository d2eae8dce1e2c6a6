"""The LightningModule that trains and validates a network."""

import math
from collections.abc import Iterable
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from unrolled.config.schema import Config, plain
from unrolled.config.validate import from_record
from unrolled.record.trained_on import TRAINED_ON
from unrolled.rnn import Batch, Tape
from unrolled.tasks.averages import Average
from unrolled.tasks.data import mean_loss, total_loss
from unrolled.tasks.scores import Scores

from .losses import loss_of
from .network import Spec, build
from .word_vectors import WordVectors

OPTIMIZERS = {
    "adam": torch.optim.Adam,
    "sgd": torch.optim.SGD,
}  # each with a file in conf/optimizer/


class Diverged(Exception):
    """A loss or gradient of training is nan or inf. The weights are those before that step.

    step: number of updates before it.
    what: a clause such as "the loss became nan".
    """

    def __init__(self, step: int, what: str) -> None:
        super().__init__(f"{what} at training step {step}")
        self.step, self.what = step, what


class RecurrentModule(pl.LightningModule):
    """The network of a configuration, trained on batches of a task.

    config: typed, or the plain values in a checkpoint, which Lightning's `load_from_checkpoint` passes.
    spec: `Data.spec` of the task.
    scores: of the task; None: for the network alone, as after loading a checkpoint.
    vectors: known rows of the input embedding.
    trained_on: what tells the data from others, for checkpoints; None: not known.
    tapes: one for each RNN, set by a probe before a step, to keep the step's dL/dh_t.
    ranks: (number of this process, number of processes); each trains on its part of every batch.
    """

    def __init__(
        self,
        config: Config | dict[str, Any],
        spec: Spec,
        scores: Scores | None = None,
        vectors: WordVectors | None = None,
        trained_on: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.config = from_record(config) if isinstance(config, dict) else config
        known = {} if trained_on is None else {TRAINED_ON: trained_on}
        self.save_hyperparameters({"config": plain(self.config), "spec": spec, **known})
        self.network = build(self.config, spec, vectors=vectors)
        self.loss = loss_of(self.config.loss, spec.get("weights", ()))
        self.scores = scores
        self.classes = bool(spec["answers_tokens"])
        self.tapes: tuple[Tape, ...] = ()
        self.ranks: tuple[int, int] = (0, 1)
        self.validation_loss = Average()

    def forward(self, batch: Batch) -> Tensor:
        return self.network(batch)

    def training_step(self, batch: Batch, _: int) -> dict[str, Any]:
        """Computes the loss of this rank's part of a batch. Raises Diverged if it is not finite.

        Returns `loss`, this rank's scaled loss for the backward pass; `mean`, the loss averaged over the whole batch,
        for logging; `answer`, this rank's answers; `part`, its part of the batch.
        """
        rank, world = self.ranks
        part = batch if world == 1 else batch.part(rank, world)
        answer = self.network(part, self.tapes)
        losses = self.loss(answer, part.y)
        if world == 1:
            loss = mean = mean_loss(losses, part)
        else:  # parts differ in their number of answers: with this factor the mean over ranks is that over all answers
            loss = total_loss(losses, part) * (world / batch.answers)
            mean = self.trainer.strategy.reduce(loss.detach().clone(), reduce_op="mean")
            assert isinstance(mean, Tensor)
        if not torch.isfinite(mean):
            raise Diverged(self.global_step, f"the loss became {mean.item()}")
        return {"loss": loss, "mean": mean.detach(), "answer": answer.detach(), "part": part}

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        """Raises Diverged if a gradient is not finite. It is not clipped yet: Lightning clips after this hook."""
        if not torch.isfinite(largest_gradient(self.network)):
            raise Diverged(self.global_step, "the gradient became inf or nan")

    def on_validation_epoch_start(self) -> None:
        assert self.scores is not None
        self.scores.reset()
        self.validation_loss.reset()

    def validation_step(self, batch: Batch, _: int) -> None:
        """Accumulates loss (true tokens fed back) and scores, which a network that writes gets for its own tokens."""
        assert self.scores is not None
        answer = self.network(batch)
        self.validation_loss.update(batch.counted(self.loss(answer, batch.y)))
        if torch.isfinite(batch.counted(answer)).all():  # see validation_scores
            self.scores.update(self.network.write(batch) if self.network.writes else answer, batch)  # type: ignore[operator]
        else:
            self.validation_loss.update(torch.full((1,), torch.nan))

    def on_validation_epoch_end(self) -> None:
        self.log_dict(self.validation_scores())

    def validation_scores(self) -> dict[str, float]:
        """Returns val/loss and the task's scores over the batches since `on_validation_epoch_start`.

        All are nan if an answer is not finite: its largest entry would be a guess.
        """
        assert self.scores is not None
        loss = float(self.validation_loss.compute())
        if math.isnan(loss):
            return {"val/loss": loss, **{f"val/{name}": loss for name in self.scores.metrics}}
        return {"val/loss": loss, **{f"val/{name}": value for name, value in self.scores.compute().items()}}

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Returns the optimizer, fused: on small networks the default loop over parameters outlasts the arithmetic."""
        return OPTIMIZERS[self.config.optimizer.name](
            [p for p in self.parameters() if p.requires_grad], lr=self.config.optimizer.lr, fused=True
        )


def largest_gradient(network: torch.nn.Module) -> Tensor:
    """Returns the largest absolute entry of all gradients, a scalar; not finite if an entry is not.

    A Euclidean norm would overflow for finite entries.
    """
    gradients = [p.grad for p in network.parameters() if p.grad is not None]
    return torch.nn.utils.get_total_norm(gradients, norm_type=math.inf)


@torch.no_grad()
def evaluate(module: RecurrentModule, batches: Iterable[Batch]) -> dict[str, float]:
    """Returns the module's validation loss and scores on batches, outside Lightning's loop. Sets it to eval mode."""
    module.eval()
    module.on_validation_epoch_start()
    for batch in batches:
        module.validation_step(to_device(batch, module.device), 0)
    return module.validation_scores()


def to_device(batch: Batch, device: torch.device | str) -> Batch:
    """Returns a copy of a batch on a device."""
    return Batch(*(None if part is None else part.to(device) for part in batch))  # type: ignore[arg-type]
