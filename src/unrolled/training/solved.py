"""Finds the update at which a task is solved, and ends a run there if the configuration asks for it."""

from typing import Any

import pytorch_lightning as pl

IN_A_ROW = 3  # good validations: one alone may be luck


class Solved(pl.Callback):
    """Finds the moment from which a task is solved: the first of three good validations in a row.

    score, value, larger: the score that decides, the value from which it is good, whether larger is better.
    stop: ends training once this moment is known; a run that is resumed after that makes no further update.
    at: updates until that moment, or None. Good validations that the end of training leaves fewer than three do not
    count.
    """

    def __init__(self, score: str, value: float, larger: bool, *, stop: bool) -> None:
        self.score, self.value, self.larger, self.stop = f"val/{score}", value, larger, stop
        self.at: int | None = None
        self._good: list[int] = []  # updates at each good validation since the last that was not

    def on_train_start(self, trainer, pl_module) -> None:
        trainer.should_stop = self.stop and self.at is not None

    def on_validation_end(self, trainer, pl_module) -> None:
        if self.at is not None:
            return
        self.count(trainer.global_step, float(trainer.callback_metrics[self.score]))
        if self.stop:  # all ranks or none: one that stopped alone would leave the others waiting
            trainer.should_stop = trainer.strategy.reduce_boolean_decision(self.at is not None, all=False)

    def count(self, step: int, found: float) -> None:
        """Records the validation after a number of updates."""
        good = found >= self.value if self.larger else found <= self.value
        self._good = [*self._good, step] if good else []
        if len(self._good) == IN_A_ROW:
            self.at = self._good[0]

    def state_dict(self) -> dict[str, Any]:
        return {"at": self.at, "good": self._good}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.at, self._good = state_dict["at"], state_dict.get("good", [])  # earlier versions noted the moment alone
