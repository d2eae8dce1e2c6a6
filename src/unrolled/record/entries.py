"""Types of the entries that a run writes into `status.json`; `RunRecord` reads them."""

from typing import Any, TypedDict

Scores = dict[str, float]


class SolvedEntry(TypedDict):
    """The criterion of a solved task: the `value` of `score`, and the update `at` which it was met (None: never)."""

    score: str
    value: float
    at: int | None


class Start(TypedDict):
    """Entries at the start of a run: what it is, and where it is executed.

    axes, choices: swept values of a sweep's run, and the choice of each config group.
    git: commit, and whether the working tree differs from it; None outside a checkout.
    numbers: version of the definitions of the numbers.
    started: time in ISO 8601.
    """

    state: str
    name: str
    axes: dict[str, Any]
    choices: dict[str, str | None]
    fingerprint: str
    births_fingerprint: str
    resume_fingerprint: str
    git: dict[str, Any] | None
    machine: dict[str, str]
    numbers: int
    cpu: str
    torch: str
    started: str


class Result(TypedDict):
    """Entries at the end of a training, beside those of its gradients (`quantities.py`).

    steps: number of updates.
    score: name of the score that decides which checkpoint is the best.
    metrics, train, baseline: scores on validation and training examples, and of the baseline.
    references: scores of each reference; all None if it could not be scored.
    halves_of_validation: scores on each half of the validation split, "even" and "odd" examples.
    seconds_per_update: median; None before the second update.
    dependency: lag on which the answers depend, in time steps.
    needs: lag and description of what the data need, by name.
    """

    state: str
    error: str | None
    steps: int
    metrics: Scores
    train: Scores
    baseline: Scores
    baseline_name: str
    references: dict[str, dict[str, float | None]]
    halves_of_validation: dict[str, Scores]
    score: str
    larger_is_better: bool
    solved: SolvedEntry | None
    roughness: float | None
    seconds_per_update: float | None
    coverage: str | None
    remark: str | None
    dependency: float | None
    needs: dict[str, dict[str, Any]]


class TrainedOn(TypedDict):
    """Entry of a run whose data are loaded: what tells them from others (`trained_on.py`)."""

    trained_on: dict[str, Any]


class Early(TypedDict):
    """Entries of a run that ended without a result."""

    state: str
    error: str


class Flawed(TypedDict):
    """Entry of a run whose W&B record is incomplete: a line on what is missing."""

    wandb_flaw: str


class Times(TypedDict):
    """Entries at the end of a run. ended: time in ISO 8601. duration_s: seconds."""

    ended: str
    duration_s: float
