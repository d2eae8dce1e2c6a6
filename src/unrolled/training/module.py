"""The LightningModule around embedding, RNN and read-out."""

import math
from collections.abc import Iterable
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from unrolled.config.schema import Config, plain
from unrolled.config.validate import from_record
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
    """Training met nan or inf. The weights are those before the step that would have spread it."""

    def __init__(self, step: int, what: str) -> None:
        super().__init__(f"{what} at training step {step}")
        self.step, self.what = step, what


class RecurrentModule(pl.LightningModule):
    """The network of a configuration, trained on batches of a task.

    config: typed, or the plain values that a checkpoint holds, from which Lightning's `load_from_checkpoint` builds.
    spec: `Data.spec` of the task.
    scores: the task's; None: to load a checkpoint and use the network alone.
    vectors: rows of the embedding that are known beforehand.
    tapes: set them before a step to have that step's dL/dh_t kept, one for each RNN; probes do.
    ranks: (which of them this process is, how many there are); each trains on its part of every batch.
    """

    def __init__(
        self,
        config: Config | dict[str, Any],
        spec: Spec,
        scores: Scores | None = None,
        vectors: WordVectors | None = None,
    ) -> None:
        super().__init__()
        self.config = from_record(config) if isinstance(config, dict) else config
        self.save_hyperparameters({"config": plain(self.config), "spec": spec})
        self.network = build(self.config, spec, vectors=vectors)
        self.loss = loss_of(self.config.loss)
        self.scores = scores
        self.classes = bool(spec["answers_tokens"])
        self.tapes: tuple[Tape, ...] = ()
        self.ranks: tuple[int, int] = (0, 1)
        self.validation_loss = Average()

    def forward(self, batch: Batch) -> Tensor:
        return self.network(batch)

    def training_step(self, batch: Batch, _: int) -> dict[str, Any]:
        """Returns `loss`, this rank's for the backward pass; `mean`, the whole batch's for logging; and the answers."""
        rank, world = self.ranks
        part = batch if world == 1 else batch.part(rank, world)
        answer = self.network(part, self.tapes)
        losses = self.loss(answer, part.y)
        if world == 1:
            loss = mean = mean_loss(losses, part)
        else:  # a part may have more answers than another: the mean over ranks of this is the mean over all answers
            loss = total_loss(losses, part) * (world / batch.answers)
            mean = self.trainer.strategy.reduce(loss.detach().clone(), reduce_op="mean")
            assert isinstance(mean, Tensor)
        if not torch.isfinite(mean):
            raise Diverged(self.global_step, f"the loss became {mean.item()}")
        return {"loss": loss, "mean": mean.detach(), "answer": answer.detach(), "part": part}

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        """Before clipping (Lightning clips after this hook), so that the gradient judged is the real one."""
        if not torch.isfinite(largest_gradient(self.network)):
            raise Diverged(self.global_step, "the gradient became inf or nan")

    def on_validation_epoch_start(self) -> None:
        assert self.scores is not None
        self.scores.reset()
        self.validation_loss.reset()

    def validation_step(self, batch: Batch, _: int) -> None:
        """The loss with the true tokens fed back; the scores of what the network writes by itself, where it writes."""
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
        """val/loss and the task's scores over the batches since `on_validation_epoch_start`.

        All nan where the network answered with something that is not finite: a guess is not a score.
        """
        assert self.scores is not None
        loss = float(self.validation_loss.compute())
        if math.isnan(loss):
            return {"val/loss": loss, **{f"val/{name}": loss for name in self.scores.metrics}}
        return {"val/loss": loss, **{f"val/{name}": value for name, value in self.scores.compute().items()}}

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Fused: on networks this small the default loops over parameters take longer than the arithmetic."""
        return OPTIMIZERS[self.config.optimizer.name](
            [p for p in self.parameters() if p.requires_grad], lr=self.config.optimizer.lr, fused=True
        )


def largest_gradient(network: torch.nn.Module) -> Tensor:
    """Largest absolute entry of any gradient; not finite if one is not (a norm would overflow long before)."""
    gradients = [p.grad for p in network.parameters() if p.grad is not None]
    return torch.nn.utils.get_total_norm(gradients, norm_type=math.inf)


@torch.no_grad()
def evaluate(module: RecurrentModule, batches: Iterable[Batch]) -> dict[str, float]:
    """The module's validation scores on other batches, outside of Lightning's loop."""
    module.eval()
    module.on_validation_epoch_start()
    for batch in batches:
        module.validation_step(to_device(batch, module.device), 0)
    return module.validation_scores()


def to_device(batch: Batch, device: torch.device | str) -> Batch:
    return Batch(*(None if part is None else part.to(device) for part in batch))  # type: ignore[arg-type]
