"""The schema of a configuration: default, type, range and description of each value, one dataclass per config group."""

from dataclasses import asdict, is_dataclass
from typing import Annotated, Any, Literal

from hydra.core.config_store import ConfigStore
from omegaconf import MISSING, DictConfig
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field
from pydantic.dataclasses import dataclass
from pydantic_core import PydanticCustomError


def _no_bool(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("a number is wanted")
    return value


def _countable(value: int) -> int:
    if value > MOST:
        raise PydanticCustomError("too_many", "no count is that large")
    return value


MOST = 10**12  # of steps, examples, units, seconds: more than a computer counts to, and less than 64 bits hold
Whole = Annotated[int, BeforeValidator(_no_bool), AfterValidator(_countable)]  # pydantic would accept true as 1
Number = Annotated[float, BeforeValidator(_no_bool)]

CHECKED = ConfigDict(extra="forbid", allow_inf_nan=False, coerce_numbers_to_str=True)


def option(meaning: str, **limits: Any) -> Any:
    """Returns a field for a key that some choices of its group have: those whose YAML file names it.

    meaning: its description in the reference.
    limits: arguments of pydantic's `Field`, such as `ge`.
    """
    return Field(None, description=meaning, **limits)


def every(schema: Any) -> Any:
    """Returns a field for a group whose keys all have defaults."""
    return Field(default_factory=schema)


def added(default: Any, meaning: str = "", **limits: Any) -> Any:
    """Returns a field for a key that an earlier version did not have. Records without it are read with its default.

    A configuration with the default keeps the fingerprint that it had without the key.

    default: a value, or a dataclass that is built with its defaults.
    meaning: its description in the reference.
    limits: arguments of pydantic's `Field`, such as `ge`.
    """
    given = {"default_factory": default} if isinstance(default, type) else {"default": default}
    return Field(**given, description=meaning, json_schema_extra={"added": True}, **limits)


@dataclass(config=CHECKED)
class TaskConfig:
    """The options of all tasks; a task has those that its file in conf/task/ names."""

    name: str
    length: Whole | None = option("T, time steps; longer texts keep their last words", ge=1)
    delay: Whole | None = option("steps between what is to be remembered and its recall", ge=1)
    symbols: Whole | None = option("number of informative symbols", ge=2, le=8)
    samples: Whole | None = option(
        "training examples (an epoch's, where they are generated); null: all there are", ge=1
    )
    min_count: Whole | None = option("rarer words become the unknown word", ge=1)
    shuffle_words: bool | None = option("train and validate on sentences whose words are in random order")
    label_noise: Number | None = option("share of the training labels that are shuffled", ge=0, le=1)
    target: str | list[str] | None = option("what is forecast; of a table: a column, or several as [a,b]")
    language: Literal["fr", "de", "es", "it", "nl", "pt"] | None = option("target language")
    split: str | None = option(
        "of a table: the share that validates, or a column with train and val; first_word: no first word is in both"
    )
    digits: Whole | None = option("digits of each number", ge=3, le=9)
    size: Whole | None = option("pixels on a side", ge=8)
    permute: bool | None = option("apply one fixed permutation to the pixels of every image")
    file: str | None = option("the file with your data, or the Python file of your own task")
    inputs: str | list[str] | None = added(None, "columns that are read, as [a,b]; all; null: the targets")
    window: Whole | None = added(None, "steps that are read before an answer", ge=1)
    horizon: Whole | None = added(None, "steps from the last one that is read to the one that is forecast", ge=1)
    group: str | None = added(None, "column that names the series; no window has steps of two")
    time: str | None = added(None, "column by which rows are sorted; null: the order of the file")
    difference: bool | None = added(None, "forecast the change since the last step that is read")
    missing: Literal["refuse", "drop", "interpolate", "last"] | None = added(
        None, "what becomes of missing values; last: the value before"
    )
    thousands: str | None = added(None, "the mark between thousands in numbers, such as ,")
    scale: Literal["train", "none"] | None = added(None, "train: by mean and sd of the training part")
    text: str | None = added(None, "column with the text")
    label: str | None = added(None, "column with the class or the number of each text")
    answer: str | None = added(None, "column with the text to be written; in place of a label")
    unit: Literal["word", "letter"] | None = added(None, "what a time step reads of a text")
    answer_unit: Literal["word", "letter"] | None = added(None, "what a time step writes")
    answers: Literal["classes", "numbers"] | None = added(None, "what the answers are; null: the data decide")
    weights: Literal["none", "balanced"] | None = added(None, "balanced: the loss weighs each class equally")
    split_by: str | None = added(None, "column whose values are whole in one part: none is in both")
    shuffle_steps: bool | None = added(None, "train and validate on sequences whose steps are in random order")
    options: dict[str, Any] = added(dict, "values for a task of your own, under any names: `task.options.gap=3`")


@dataclass(config=CHECKED)
class ActivationConfig:
    name: str


@dataclass(config=CHECKED)
class CellConfig:
    """The options of all cells; a cell has those that its file in conf/cell/ names."""

    name: str = "rnn"
    leak: Number | None = option(
        "a, the share of the state that a step replaces; 1: the vanilla cell, 0: the state stays", ge=0, le=1
    )
    forget_bias: Number | None = option(
        "initial bias of the gate that keeps the state: f of an LSTM, as a rule 1 (Jozefowicz et al. 2015); z of a GRU"
    )
    chrono: bool | None = option(
        "draw that bias as ln U(1, T - 1), T = task.length: units remember for up to T steps (Tallec & Ollivier 2018)"
    )


@dataclass(config=CHECKED)
class ModelConfig:
    hidden: Whole | None = Field(8, ge=1, description="H, numbers in the state; null: the task decides")
    backward: Literal["bptt", "autograd"] = Field(
        "bptt", description="by hand and fast, or the reference; same numbers"
    )
    parameters: Whole | None = added(
        None, "in place of model.hidden: the number of parameters that the recurrent layer is to have", ge=1
    )


@dataclass(config=CHECKED)
class EmbeddingConfig:
    name: str
    dim: Whole | None = option("E, numbers per vector; null: the size that the data or the file has", ge=1)
    path: str | None = option("a file in GloVe or word2vec text format")


@dataclass(config=CHECKED)
class InitConfig:
    name: str
    gain: Number = Field(1.0, ge=0, description="scales W_h")
    input_gain: Number = Field(1.0, ge=0, description="scales W_x")
    bias_std: Number = Field(0.0, ge=0, description="sd of the initial bias")


@dataclass(config=CHECKED)
class LossConfig:
    name: str
    smoothing: Number | None = option("share of the target spread over all classes", ge=0, le=1)
    delta: Number | None = option("error from which on Huber's loss is linear", gt=0)


@dataclass(config=CHECKED)
class OptimizerConfig:
    name: str
    lr: Number = Field(0.01, gt=0, description="learning rate")


@dataclass(config=CHECKED)
class TrainerConfig:
    accelerator: Literal["cpu", "gpu"] = Field("cpu", description="device that computes")
    devices: Whole = Field(1, ge=1, description="processes on each machine, each with a GPU of its own or none")
    num_nodes: Whole = Field(1, ge=1, description="machines")
    precision: Literal[32, 64] = Field(32, description="bits of each number")
    batch_size: Whole = Field(64, ge=1, description="examples per update, over all processes")
    max_epochs: Whole | None = Field(
        5, ge=1, description="passes over the training examples; null: those of about 1,000 updates"
    )
    max_steps: Whole | None = Field(None, ge=0, description="null: max_epochs alone ends the training; 0: do not train")
    log_every_n_steps: Whole = Field(20, ge=1, description="training steps between two rows of metrics.csv")
    gradient_clip_val: Number | None = Field(
        None, gt=0, description="largest gradient norm that is not clipped; null: no clipping"
    )
    checkpoint_every_s: Number = Field(
        10.0, ge=0, description="seconds between two savings of last.ckpt; it is saved at the end too"
    )
    progress: bool = Field(True, description="draw a progress bar")
    stop_when_solved: bool = added(False, "end after three good validations in a row")


@dataclass(config=CHECKED)
class TrackerConfig:
    mode: Literal["offline", "online", "disabled"] = Field(
        "offline", description="whether W&B records, and uploads at once"
    )
    project: str = Field("unrolled", pattern=r"\S", description="W&B's name of the project")


@dataclass(config=CHECKED)
class ProbeConfig:
    name: Literal["profile", "full", "off"]
    every: Whole = Field(200, ge=1, description="training steps between two probes")
    source: Literal["validation", "training"] = Field(
        "validation", description="batch of the gradients: a fixed validation batch, or the current training batch"
    )
    births: Whole = Field(20, ge=0, le=1000, description="networks drawn from the same configuration")
    samples: Whole = Field(128, ge=10, description="examples in the probe's batch")
    walkthrough: bool = Field(False, description="print the first forward pass, its gradients and the first update")


@dataclass(config=CHECKED)
class SweepConfig:
    question: str = Field("", description="what the sweep asks; its page opens with it")
    run_timeout_min: Number = Field(60.0, gt=0, description="minutes after which a run is stopped")
    on_error: Literal["continue", "stop"] = Field(
        "continue", description="whether a failed run keeps those that wait from starting"
    )
    resume: str | None = Field(None, description="folder of a sweep to resume: runs without a result are run")
    dry_run: bool = Field(False, description="print the runs, start none")
    answer: str = added("", "what answers the question, such as 'score by model.hidden'; several with ; between them")


@dataclass(config=CHECKED)
class SlurmConfig:
    """Resources of each job of hydra/launcher=slurm; null: the default of the cluster."""

    partition: str | None = Field(None, description="sbatch --partition")
    account: str | None = Field(None, description="sbatch --account")
    qos: str | None = Field(None, description="sbatch --qos")
    constraint: str | None = Field(None, description="sbatch --constraint")
    mem_gb: Number | None = Field(None, gt=0, description="GB of memory")
    cpus: Whole = Field(1, ge=1, description="for each process")
    timeout_min: Whole = Field(
        60, ge=1, description="time limit of a job in minutes; then it is queued again, and its runs are resumed"
    )
    gpus_per_run: Whole = Field(0, ge=0, description="GPUs of each run")
    runs_per_job: Whole = Field(1, ge=1, description="runs of each job, as many at once as fit")
    setup: list[str] = Field(default_factory=list, description="shell lines executed before the runs")


@dataclass(config=CHECKED, kw_only=True)
class Config:
    task: TaskConfig
    activation: ActivationConfig
    cell: CellConfig = added(CellConfig)
    model: ModelConfig = every(ModelConfig)
    embedding: EmbeddingConfig
    init: InitConfig
    loss: LossConfig
    optimizer: OptimizerConfig
    trainer: TrainerConfig = every(TrainerConfig)
    tracker: TrackerConfig = every(TrackerConfig)
    probe: ProbeConfig
    sweep: SweepConfig = every(SweepConfig)
    slurm: SlurmConfig = every(SlurmConfig)
    experiment: Any = None
    resume: bool = Field(False, description="resume the run that hydra.run.dir holds")
    seed: Whole = Field(0, ge=0, le=2**32 - 1, description="seed of every random stream")


def plain(config: Config) -> dict[str, Any]:
    """Returns the configuration as plain dicts, numbers and strings."""
    return asdict(config)


def register() -> None:
    """Stores the schema's defaults in Hydra's ConfigStore. A group stored by itself would be listed as a choice.

    A mapping of the schema takes keys of any name.
    """
    ConfigStore.instance().store(name="schema", node=_node(Config), provider="unrolled")


def _node(schema: Any) -> dict[str, Any]:
    node = {}
    for key, field in schema.__pydantic_fields__.items():
        free = MISSING if field.is_required() else field.get_default(call_default_factory=True, validated_data={})
        free = DictConfig(free, flags={"struct": False}) if isinstance(free, dict) else free
        node[key] = _node(field.annotation) if is_dataclass(field.annotation) else free
    return node
