"""The schema: a dataclass per config group with types, units and allowed ranges. Defaults are in conf/ alone."""

import hashlib
import json
import math
from dataclasses import MISSING as NO_DEFAULT
from dataclasses import Field, asdict, dataclass, field, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from hydra.core.config_store import ConfigStore
from omegaconf import MISSING


def within(min: float = -math.inf, above: float = -math.inf, max: float = math.inf, default: Any = MISSING) -> Any:
    """A number with its allowed range."""
    return field(default=default, metadata={"range": {"min": min, "above": above, "max": max}})


InitName = Enum("InitName", "gaussian orthogonal identity xavier critical")
Backward = Enum("Backward", "bptt autograd")
LossName = Enum("LossName", "cross_entropy label_smoothing mse mae huber")
OptimizerName = Enum("OptimizerName", "adam sgd")
Accelerator = Enum("Accelerator", "cpu gpu")
TrackerMode = Enum("TrackerMode", "offline online disabled")
ProbeSource = Enum("ProbeSource", "validation training")
OnError = Enum("OnError", "continue stop")
ProbeName = Enum("ProbeName", "profile full off")


def option(min: float = -math.inf, above: float = -math.inf, max: float = math.inf) -> Any:
    """A number that some choices of a group have and others do not."""
    return within(min, above, max, default=None)


def one_of(*words: str) -> Any:
    """A word that some choices of a group have and others do not."""
    return field(default=None, metadata={"words": words})


def added(key: Any) -> Any:
    """A key, or a group, that came when there were records without it: `added(within(min=0, default=0.0))`.

    Its default is what such a record means; while a configuration has that value its fingerprint is what it was.
    """
    assert key.default is not MISSING, "an added key needs a default"
    given = {"default": key.default} if key.default_factory is NO_DEFAULT else {"default_factory": key.default_factory}
    return field(**given, metadata={**key.metadata, "added": True})


@dataclass
class TaskConfig:
    """The options of all tasks; a task has those that its file in conf/task/ names."""

    name: str = MISSING
    length: int | None = option(min=1)  # T, time steps; longer texts keep their last words
    delay: int | None = option(min=1)  # steps between what is to be remembered and its recall
    symbols: int | None = option(min=2, max=8)  # how many informative ones
    samples: int | None = option(min=1)  # training examples (an epoch's, where they are generated); null: all there are
    min_count: int | None = option(min=1)  # rarer words become the unknown word
    shuffle_words: bool | None = None  # train and validate on sentences whose words are in random order
    label_noise: float | None = option(min=0, max=1)  # share of the training labels that are shuffled
    target: str | None = one_of("price", "return", "volatility", "volume")  # of tomorrow
    language: str | None = one_of("fr", "de", "es", "it", "nl", "pt")  # to translate into
    split: str | None = one_of("random", "first_word")  # first_word: no first word is in both splits
    digits: int | None = option(min=3, max=9)  # of the numbers
    size: int | None = option(min=8)  # pixels on a side
    permute: bool | None = None  # one fixed permutation of the pixels
    file: str | None = None  # the Python file of your own task


@dataclass
class ActivationConfig:
    name: str = MISSING


@dataclass
class ModelConfig:
    hidden: int = within(min=1)  # H, numbers in the state
    backward: Backward = MISSING  # by hand and fast, or the reference; same numbers


@dataclass
class EmbeddingConfig:
    name: str = MISSING
    dim: int | None = option(min=1)  # E; null: as the data or the file have it
    path: str | None = None  # a file in GloVe or word2vec text format


@dataclass
class InitConfig:
    name: InitName = MISSING
    gain: float = within(min=0)  # scales W_h
    input_gain: float = within(min=0)  # scales W_x
    bias_std: float = within(min=0)  # sd of the initial bias


@dataclass
class LossConfig:
    name: LossName = MISSING
    smoothing: float | None = option(min=0, max=1)  # share of the target spread over all classes
    delta: float | None = option(above=0)  # error from which on Huber's loss is linear


@dataclass
class OptimizerConfig:
    name: OptimizerName = MISSING
    lr: float = within(above=0)  # learning rate


@dataclass
class TrainerConfig:
    accelerator: Accelerator = MISSING  # what computes
    devices: int = within(min=1)  # processes on each machine, each with a GPU of its own or none
    num_nodes: int = within(min=1)  # machines
    precision: int = MISSING  # bits: 32 or 64
    batch_size: int = within(min=1)  # of all processes together
    max_epochs: int = within(min=1)  # passes over the training examples
    max_steps: int | None = within(min=0)  # null: max_epochs alone ends the training; 0: do not train
    log_every_n_steps: int = within(min=1)  # training steps between two rows of metrics.csv
    gradient_clip_val: float | None = within(above=0)  # longest gradient that is left as it is; null: no clipping
    checkpoint_every_s: float = within(min=0)  # seconds between two savings of last.ckpt; it is saved at the end too
    progress: bool = MISSING  # draw a progress bar
    stop_when_solved: bool = added(field(default=False))  # end after three good validations in a row


@dataclass
class TrackerConfig:
    mode: TrackerMode = MISSING  # whether W&B records, and uploads at once
    project: str = MISSING  # of W&B


@dataclass
class ProbeConfig:
    name: ProbeName = MISSING
    every: int = within(min=1)  # training steps between two probes
    source: ProbeSource = MISSING  # whose gradients: of a fixed batch of validation, or of the training batch
    births: int = within(min=0, max=1000)  # networks drawn from the same configuration
    samples: int = within(min=10)  # examples in the probe's batch
    walkthrough: bool = MISSING  # print the first forward pass, its gradients and the first update


@dataclass
class SweepConfig:
    question: str = MISSING  # what the sweep asks; its page opens with it
    cell_timeout_min: float = within(above=0)  # minutes after which a cell is stopped
    on_error: OnError = MISSING  # whether a failed cell keeps those that wait from starting
    resume: str | None = None  # the folder of a sweep to continue: only what it has no result of is run
    dry_run: bool = MISSING  # print the cells, run none


@dataclass
class SlurmConfig:
    """What a job of hydra/launcher=slurm asks for; null: as the site has it."""

    partition: str | None = None  # sbatch --partition
    account: str | None = None  # sbatch --account
    qos: str | None = None  # sbatch --qos
    constraint: str | None = None  # sbatch --constraint
    mem_gb: float | None = within(above=0, default=None)  # GB of memory
    cpus: int = within(min=1)  # for each process
    timeout_min: int = within(min=1)  # minutes that a job may take; it is queued again, and its cells go on
    gpus_per_cell: int = within(min=0)  # 0: none
    cells_per_job: int = within(min=1)  # that one job runs, as many at once as it has room for
    setup: list[str] = MISSING  # lines of shell that come first


@dataclass
class Config:
    task: TaskConfig = field(default_factory=TaskConfig)
    activation: ActivationConfig = field(default_factory=ActivationConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    embedding: EmbeddingConfig = field(default_factory=EmbeddingConfig)
    init: InitConfig = field(default_factory=InitConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    trainer: TrainerConfig = field(default_factory=TrainerConfig)
    tracker: TrackerConfig = field(default_factory=TrackerConfig)
    probe: ProbeConfig = field(default_factory=ProbeConfig)
    sweep: SweepConfig = field(default_factory=SweepConfig)
    slurm: SlurmConfig = field(default_factory=SlurmConfig)
    experiment: Any = None
    resume: bool = MISSING  # go on with the run that hydra.run.dir holds
    seed: int = within(min=0, max=2**32 - 1)  # of all that is random


def register() -> None:
    """Only the root: a schema stored under a group would show up as one of its choices."""
    ConfigStore.instance().store(name="schema", node=Config, provider="unrolled")


def plain(config: Config) -> dict[str, Any]:
    """The configuration as plain dicts, numbers and strings."""
    return {key: _plain(value) for key, value in asdict(config).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return value.name if isinstance(value, Enum) else value


UNDECISIVE = ("sweep", "slurm", "tracker", "resume")
BORN_FROM = ("task", "activation", "model", "embedding", "init", "loss", "seed")


def fingerprint(values: dict[str, Any]) -> str:
    """Equal for two runs that must give equal numbers: a hash of what decides them (not where they are recorded)."""
    return _digest({k: v for k, v in _as_recorded(values, Config).items() if k not in UNDECISIVE}, values)


def births_fingerprint(values: dict[str, Any]) -> str:
    """Equal for two runs that draw the same networks before training and look at them on the same examples."""
    recorded = _as_recorded(values, Config)
    probe = {key: values["probe"][key] for key in ("births", "samples")}
    return _digest({key: recorded[key] for key in BORN_FROM} | {"probe": probe}, values)


def _digest(decisive: dict[str, Any], values: dict[str, Any]) -> str:
    text = json.dumps(decisive, sort_keys=True)
    for file in (values["task"]["file"], values["embedding"]["path"]):  # what they hold decides too
        text += Path(file).read_text(encoding="utf-8") if file else ""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _as_recorded(values: dict[str, Any], schema: type) -> dict[str, Any]:
    """The values without those added keys that stand at their defaults."""
    known, kept = {f.name: f for f in fields(schema)}, {}
    for key, value in values.items():
        f = known[key]
        if not (f.metadata.get("added") and value == _default(f)):
            kept[key] = _as_recorded(value, f.type) if is_dataclass(f.type) else value  # type: ignore[arg-type]
    return kept


def _default(f: Field[Any]) -> Any:
    if f.default_factory is NO_DEFAULT:
        return _plain(f.default)
    made = f.default_factory()
    return _plain(asdict(made) if is_dataclass(made) and not isinstance(made, type) else made)
