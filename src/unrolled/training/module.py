"""The LightningModule around embedding, RNN and read-out."""

import math
from collections.abc import Iterable
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor
from torchmetrics import MeanMetric

from unrolled.rnn import SequenceToVector, Tape
from unrolled.rnn.init import streams
from unrolled.tasks.data import scores

from .losses import LOSSES

Batch = tuple[Tensor, Tensor, Tensor]


class Diverged(Exception):
    """Training met nan or inf. The weights are those before the step that would have spread it."""

    def __init__(self, step: int, what: str) -> None:
        super().__init__(f"{what} at training step {step}")
        self.step, self.what = step, what


def build(config: dict[str, Any], vocabulary: int, classes: int, draw: str = "") -> SequenceToVector:
    """The network of a (plain) configuration. `draw` names another birth of it, with random streams of its own."""
    network = SequenceToVector(
        vocabulary=vocabulary,
        embedding=config["embedding"]["dim"],
        hidden=config["model"]["hidden"],
        classes=classes,
        activation=config["activation"]["name"],
        backward=config["model"]["backward"],
    )
    init = config["init"]
    network.initialise(
        init["name"],
        gain=init["gain"],
        input_gain=init["input_gain"],
        bias_std=init["bias_std"],
        streams=streams(config["seed"], draw),
    )
    return network


class Classifier(pl.LightningModule):
    """Trains the network of `config` (plain values, as in a run's `.hydra/config.yaml`) on batches of `InMemory`.

    tape: set it before a step to have that step's dL/dh_t kept; probes do.
    """

    def __init__(self, config: dict[str, Any], vocabulary: int, classes: int) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.config = config
        self.network = build(config, vocabulary, classes)
        self.loss = LOSSES[config["loss"]["name"]]
        self.scores = scores(classes)
        self.tape: Tape | None = None
        self.validation_loss = MeanMetric(nan_strategy="disable")

    def forward(self, words: Tensor, mask: Tensor | None = None) -> Tensor:
        return self.network(words, mask)

    def training_step(self, batch: Batch, _: int) -> dict[str, Tensor]:
        words, mask, label = batch
        answer = self.network(words, mask, self.tape)
        loss = self.loss(answer, label)
        if not torch.isfinite(loss):
            raise Diverged(self.global_step, f"the loss became {loss.item()}")
        return {"loss": loss, "answer": answer.detach()}

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        """Before clipping (Lightning clips after this hook), so that the gradient judged is the real one."""
        if not torch.isfinite(largest_gradient(self.network)):
            raise Diverged(self.global_step, "the gradient became inf or nan")

    def on_validation_epoch_start(self) -> None:
        self.scores.reset()
        self.validation_loss.reset()

    def validation_step(self, batch: Batch, _: int) -> None:
        words, mask, label = batch
        answer = self.network(words, mask)
        self.validation_loss.update(self.loss(answer, label), weight=len(label))
        self.scores.update(answer.nan_to_num(), label)  # torchmetrics refuses nan; see validation_scores

    def on_validation_epoch_end(self) -> None:
        self.log_dict(self.validation_scores())

    def validation_scores(self) -> dict[str, Tensor]:
        """val/loss and the task's scores over the batches since `on_validation_epoch_start`.

        All nan where the network answered nan: a guess is not a score.
        """
        loss = self.validation_loss.compute()
        named = {f"val/{name}": value for name, value in self.scores.compute().items()}
        if loss.isnan():
            named = dict.fromkeys(named, loss)
        return {"val/loss": loss, **named}

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Fused: on networks this small the default loops over parameters take longer than the arithmetic."""
        kind = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}[self.config["optimizer"]["name"]]
        return kind(self.parameters(), lr=self.config["optimizer"]["lr"], fused=True)


def largest_gradient(network: torch.nn.Module) -> Tensor:
    """Largest absolute entry of any gradient; not finite if one is not (a norm would overflow long before)."""
    gradients = [p.grad for p in network.parameters() if p.grad is not None]
    return torch.nn.utils.get_total_norm(gradients, norm_type=math.inf)


@torch.no_grad()
def evaluate(module: Classifier, batches: Iterable[Batch]) -> dict[str, float]:
    """The module's validation scores on other batches, outside of Lightning's loop."""
    module.eval()
    module.on_validation_epoch_start()
    for batch in batches:
        module.validation_step(to_device(batch, module.device), 0)
    return {name: float(value) for name, value in module.validation_scores().items()}


def to_device(batch: Batch, device: torch.device | str) -> Batch:
    words, mask, label = batch
    return words.to(device), mask.to(device), label.to(device)
