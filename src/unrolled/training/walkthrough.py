"""Prints the first update step by step, for teaching, and records it with the answers after each update."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from unrolled.record.files import replacing
from unrolled.record.tables import ANSWERS, FIRST_PASS, Table
from unrolled.rnn import Batch, SequenceToVector, Tape
from unrolled.tasks.data import Data, Split

from .module import to_device

SHOWN = 3  # examples whose answers are printed before and after


class Walkthrough(pl.Callback):
    """Callback that prints the forward and the backward pass of one example, and the update on the first batch.

    Sequence to vector with tokens and classes only; for any other network it prints one line about that. The numbers
    are recorded in `profiles/` of the run's folder, with the shares of the classes for that example after each update.

    folder: of the run.
    """

    def __init__(self, data: Data, folder: Path) -> None:
        self.data, self.folder = data, folder
        self._begun = False
        self._before: dict[str, Tensor] = {}
        self._first: Batch | None = None
        self._some: Batch | None = None
        self._table: Table | None = None

    def on_train_batch_start(self, trainer, pl_module: Any, batch: Batch, batch_idx: int) -> None:
        if self._begun:
            return
        self._begun, network, train = True, pl_module.network, self.data.train
        classes = isinstance(self.data.answers, list)
        if not isinstance(network, SequenceToVector) or isinstance(self.data.reads, int) or not classes:
            print("probe.walkthrough=true shows networks that read tokens and answer once, with a class: not this one")
            return
        some = train[torch.arange(min(SHOWN, len(train)))] if isinstance(train, Split) else batch
        some = to_device(some, pl_module.device)
        self._some, self._first = some.first(SHOWN), some.first(1)
        self._table = Table(self.folder / ANSWERS, ["step", *self._columns()], keep=trainer.global_step > 0)
        if trainer.global_step:
            return
        self._before = {name: p.detach().clone() for name, p in network.named_parameters()}
        print("\nThe answers before the first update:")
        self._answers(network)
        self._add_row(0, network)
        self._keep(self._forward(network, pl_module.loss))

    def on_train_batch_end(self, trainer, pl_module: Any, outputs, batch: Batch, batch_idx: int) -> None:
        if self._first is None:
            return
        self._add_row(trainer.global_step, pl_module.network)
        if trainer.global_step != 1:
            return
        print("\nThe update, by the mean loss of the batch: parameter, norm before, norm of the change")
        for name, p in pl_module.network.named_parameters():
            change = (p.detach() - self._before[name]).norm()
            print(f"  {name:<17} {self._before[name].norm():z9.4f} {change:z11.6f}")
        print("\nThe answers after it:")
        self._answers(pl_module.network)

    def on_train_end(self, trainer, pl_module: Any) -> None:
        if self._first is not None and trainer.global_step > 1:
            print(f"\nThe answers after {trainer.global_step} updates:")
            self._answers(pl_module.network)

    @torch.no_grad()
    def _forward(self, network: SequenceToVector, loss: Any) -> dict[str, Any]:
        assert self._first is not None and isinstance(self.data.reads, list) and isinstance(self.data.answers, list)
        tokens, mask = self._first.x[:, 0], network.masks(self._first)[0][:, 0]
        zero = torch.zeros(1, network.rnn.hidden, dtype=network.W_o.dtype, device=network.W_o.device)
        states = [zero for _ in network.rnn.names]
        found: dict[str, Any] = {"words": [], "x": [], "h": []}
        print(f"\nForward: {network.rnn.equation}")
        real = mask.nonzero().flatten().tolist()
        for t in real:
            x = network.embedding(tokens[t : t + 1])
            states = network.rnn.advance(x, states)
            h = states[0]
            print(f"\nt = {t - real[0] + 1}: {self.data.reads[int(tokens[t])]}\n  x_t {_row(x[0])}\n  h_t {_row(h[0])}")
            for name, value in (("words", self.data.reads[int(tokens[t])]), ("x", x[0].tolist()), ("h", h[0].tolist())):
                found[name].append(value)
        answer = network.read_out(states[0])
        true, value = self.data.answers[int(self._first.y[0])], float(loss(answer, self._first.y))
        print(f"\nW_o h_T + b_o = {_row(answer[0])}\nsoftmax: {self._probabilities(answer)}")
        print(f"loss against {true!r}: {value:z.4f}")
        backward = self._backward(network, loss, real)
        return {**found, "answer": answer[0].tolist(), "true": true, "loss": value, "dh": backward.tolist()}

    def _backward(self, network: SequenceToVector, loss: Any, real: Sequence[int]) -> Tensor:
        """Prints dL/dh_t of the real steps, and returns them, (T, H)."""
        assert self._first is not None
        tape = Tape()
        with torch.enable_grad():
            value = loss(network(self._first, [tape]), self._first.y).sum()
            torch.autograd.grad(value, network.rnn.W_h)
        assert tape.dh is not None
        print("\nBackward, from the last step to the first: norm of dL/dh_t, and dL/dh_t")
        for t in reversed(real):
            print(f"  t = {t - real[0] + 1}: {tape.dh[t, 0].norm():z.5f}  {_row(tape.dh[t, 0])}")
        return tape.dh[real, 0]

    def _keep(self, found: dict[str, Any]) -> None:
        with replacing(self.folder / FIRST_PASS) as draft:
            draft.write_text(json.dumps(found), encoding="utf-8")

    @torch.no_grad()
    def _add_row(self, step: int, network: SequenceToVector) -> None:
        assert self._first is not None and self._table is not None
        shares = network(self._first)[0].softmax(-1).tolist()
        self._table.write({"step": step, **dict(zip(self._columns(), shares, strict=True))})

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

    def _columns(self) -> list[str]:
        assert isinstance(self.data.answers, list)
        return [f"share of {name}" for name in self.data.answers]


def _row(values: Tensor) -> str:
    return "[" + " ".join(f"{value:+z.3f}" for value in values.tolist()) + "]"
