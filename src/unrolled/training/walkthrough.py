"""Prints the first update step by step, for teaching."""

from collections.abc import Sequence
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from unrolled.rnn import Batch, SequenceToVector, Tape
from unrolled.tasks.data import Data, Split

SHOWN = 3  # examples whose answers are printed before and after


class Walkthrough(pl.Callback):
    """Callback that prints the forward and the backward pass of one example, and the update on the first batch.

    Sequence to vector with tokens and classes only; for any other network it prints one line about that.
    """

    def __init__(self, data: Data) -> None:
        self.data = data
        self._before: dict[str, Tensor] = {}
        self._first: Batch | None = None
        self._some: Batch | None = None

    def on_train_batch_start(self, trainer, pl_module: Any, batch: Batch, batch_idx: int) -> None:
        if trainer.global_step:
            return
        network = pl_module.network
        if not isinstance(network, SequenceToVector) or isinstance(self.data.reads, int):
            print("probe.walkthrough=true shows networks that read tokens and answer once: not this one")
            return
        train = self.data.train
        few = train[torch.arange(min(SHOWN, len(train)))] if isinstance(train, Split) else batch
        self._some, self._first = _take(few, SHOWN), _take(few, 1)
        self._before = {name: p.detach().clone() for name, p in network.named_parameters()}
        print("\nThe answers before the first update:")
        self._answers(network)
        self._forward(network, pl_module.loss)

    def on_train_batch_end(self, trainer, pl_module: Any, outputs, batch: Batch, batch_idx: int) -> None:
        if self._first is None or trainer.global_step != 1:
            return
        print("\nThe update, by the mean loss of the batch: parameter, norm before, norm of the change")
        for name, p in pl_module.network.named_parameters():
            change = (p.detach() - self._before[name]).norm()
            print(f"  {name:<17} {self._before[name].norm():z9.4f} {change:z11.6f}")
        print("\nThe answers after it:")
        self._answers(pl_module.network)

    @torch.no_grad()
    def _forward(self, network: SequenceToVector, loss: Any) -> None:
        assert self._first is not None and isinstance(self.data.reads, list)
        tokens, mask = self._first.x[:, 0], network.masks(self._first)[0][:, 0]
        h = torch.zeros(1, network.rnn.hidden, dtype=network.W_o.dtype)
        print("\nForward: a_t = W_x x_t + W_h h_{t-1} + b, h_t = f(a_t)")
        real = mask.nonzero().flatten().tolist()
        for t in real:
            x = network.embedding(tokens[t : t + 1])
            print(f"\nt = {t - real[0] + 1}: {self.data.reads[int(tokens[t])]}")
            print(f"  x_t {_row(x[0])}")
            h = network.rnn.step(x, h)
            print(f"  h_t {_row(h[0])}")
        answer = network.read_out(h)
        print(f"\nW_o h_T + b_o = {_row(answer[0])}")
        print(f"softmax: {self._probabilities(answer)}")
        true = self.data.answers[int(self._first.y[0])] if isinstance(self.data.answers, list) else ""
        print(f"loss against {true!r}: {float(loss(answer, self._first.y)):z.4f}")
        self._backward(network, loss, real)

    def _backward(self, network: SequenceToVector, loss: Any, real: Sequence[int]) -> None:
        assert self._first is not None
        tape = Tape()
        with torch.enable_grad():
            value = loss(network(self._first, [tape]), self._first.y).sum()
            torch.autograd.grad(value, network.rnn.W_h)
        assert tape.dh is not None
        print("\nBackward, from the last step to the first: norm of dL/dh_t, and dL/dh_t")
        for t in reversed(real):
            print(f"  t = {t - real[0] + 1}: {tape.dh[t, 0].norm():z.5f}  {_row(tape.dh[t, 0])}")

    @torch.no_grad()
    def _answers(self, network: SequenceToVector) -> None:
        assert self._some is not None and isinstance(self.data.reads, list)
        for tokens, answer in zip(self._some.x.t(), network(self._some), strict=True):
            text = " ".join(self.data.reads[i] for i in tokens.tolist() if i)
            print(f"  {text}: {self._probabilities(answer.unsqueeze(0))}")

    def _probabilities(self, answer: Tensor) -> str:
        assert isinstance(self.data.answers, list)
        shares = answer.softmax(-1)[0].tolist()
        return ", ".join(f"{name} {share:.1%}" for name, share in zip(self.data.answers, shares, strict=True))


def _take(batch: Batch, n: int) -> Batch:
    return Batch(batch.x[:, :n], None if batch.mask is None else batch.mask[:, :n], batch.y[:n], None)


def _row(values: Tensor) -> str:
    return "[" + " ".join(f"{value:+z.3f}" for value in values.tolist()) + "]"
