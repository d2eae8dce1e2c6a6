"""The LightningModule around embedding, RNN and read-out."""

import math
from collections.abc import Iterable
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from unrolled.errors import UserError
from unrolled.gradients.mean_field import critical_gain
from unrolled.rnn import (
    RNN,
    Batch,
    Embedding,
    EncoderDecoder,
    Numbers,
    OneHot,
    Pattern,
    SequenceToSequence,
    SequenceToVector,
    Tape,
    VectorToSequence,
)
from unrolled.rnn.embedding import Front
from unrolled.rnn.init import streams
from unrolled.tasks.averages import Average
from unrolled.tasks.data import mean_loss, total_loss
from unrolled.tasks.scores import Scores

from .losses import loss_of

Spec = dict[str, Any]  # what `Data.spec` says of a task
Vectors = tuple[Tensor, Tensor] | None


class Diverged(Exception):
    """Training met nan or inf. The weights are those before the step that would have spread it."""

    def __init__(self, step: int, what: str) -> None:
        super().__init__(f"{what} at training step {step}")
        self.step, self.what = step, what


def build(config: dict[str, Any], spec: Spec, draw: str = "", vectors: Vectors = None) -> Pattern:
    """The network of a (plain) configuration for a task. `draw` names another birth of it, with streams of its own.

    vectors: (rows, values) of the embedding of what is read that are known beforehand.
    """
    network = _wired(config, spec)
    init = config["init"]
    name, gain = _drawn(init, config["activation"]["name"])
    network.initialise(
        name,
        gain=gain,
        input_gain=init["input_gain"],
        bias_std=init["bias_std"],
        streams=streams(config["seed"], draw),
    )
    if vectors is not None and len(vectors[0]):
        table = network.get_submodule(READ[spec["pattern"]])
        assert isinstance(table, Embedding)
        with torch.no_grad():
            table.weight[vectors[0]] = vectors[1].to(table.weight.dtype)
    return network


def _drawn(init: dict[str, Any], activation: str) -> tuple[str, float]:
    """Distribution and gain of W_h: `critical` is Gaussian with the gain that mean field has on its critical line."""
    if init["name"] != "critical":
        return init["name"], init["gain"]
    try:
        return "gaussian", init["gain"] * critical_gain(activation, init["bias_std"] ** 2)
    except ValueError as error:
        raise UserError(f"init=critical: {error}; use init=gaussian with an init.gain of your own") from None


# Which part of a pattern embeds the tokens that it reads.
READ = {
    "sequence_to_vector": "embedding",
    "sequence_to_sequence": "embedding",
    "encoder_decoder": "source",
    "vector_to_sequence": "embedding",
}


def _wired(config: dict[str, Any], spec: Spec) -> Pattern:
    answers = spec["answers"]

    def rnn(front: Front) -> RNN:
        return RNN(front.size, config["model"]["hidden"], config["activation"]["name"], config["model"]["backward"])

    if spec["pattern"] == "vector_to_sequence":
        front = _front(config["embedding"], answers, tokens=True)
        return VectorToSequence(spec["reads"], front, rnn(front), answers)
    read = _front(config["embedding"], spec["reads"], spec["reads_tokens"])
    if spec["pattern"] == "encoder_decoder":
        written = _front(config["embedding"], answers, tokens=True)
        return EncoderDecoder(read, rnn(read), written, rnn(written), answers)
    wiring = {"sequence_to_vector": SequenceToVector, "sequence_to_sequence": SequenceToSequence}
    return wiring[spec["pattern"]](read, rnn(read), answers)


def _front(embedding: dict[str, Any], size: int, tokens: bool) -> Front:
    if not tokens:
        return Numbers(size)
    if embedding["name"] == "onehot":
        return OneHot(size)
    return Embedding(size, embedding["dim"], frozen=embedding["name"] == "frozen")


class RecurrentModule(pl.LightningModule):
    """Trains the network of `config` (plain values, as in a run's `.hydra/config.yaml`) on batches of a task.

    spec: `Data.spec` of the task. scores: its scores; None: to load a checkpoint and use the network alone.
    tapes: set them before a step to have that step's dL/dh_t kept, one for each RNN; probes do.
    ranks: (which of them this process is, how many there are); each trains on its part of every batch.
    """

    def __init__(
        self,
        config: dict[str, Any],
        spec: Spec,
        scores: Scores | None = None,
        vectors: Vectors = None,
    ) -> None:
        super().__init__()
        self.save_hyperparameters("config", "spec")
        self.config = config
        self.network = build(config, spec, vectors=vectors)
        self.loss = loss_of(config["loss"])
        self.scores = scores
        self.classes = bool(spec["answers_tokens"])
        self.tapes: tuple[Tape, ...] = ()
        self.ranks: tuple[int, int] = (0, 1)
        self.validation_loss = Average()

    def forward(self, batch: Batch) -> Tensor:
        return self.network(batch)

    def training_step(self, batch: Batch, _: int) -> dict[str, Any]:
        """`loss` is what is differentiated; `mean`, of the whole batch, what it stands for."""
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
        kind = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}[self.config["optimizer"]["name"]]
        return kind([p for p in self.parameters() if p.requires_grad], lr=self.config["optimizer"]["lr"], fused=True)


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
