"""Hydra plugins, imported at every start: thin classes that import `unrolled.sweeps` when they are used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.plugins.launcher import Launcher
from hydra.plugins.search_path_plugin import SearchPathPlugin
from hydra.plugins.sweeper import Sweeper

_HERE = "hydra_plugins.unrolled_plugins.plugins"


@dataclass
class LocalConf:
    _target_: str = f"{_HERE}.LocalLauncher"
    slots: int | None = None  # runs at once; null: as many as cores


@dataclass
class SlurmConf:
    _target_: str = f"{_HERE}.SlurmLauncher"


@dataclass
class GridConf:
    _target_: str = f"{_HERE}.GridSweeper"
    max_batch_size: int | None = None  # as Hydra's own sweeper has it; a grid is one batch
    params: dict[str, str] | None = None  # key -> values of an axis, as a command line has them


_store = ConfigStore.instance().store
_store(group="hydra/launcher", name="local", node=LocalConf, provider="unrolled")
_store(group="hydra/launcher", name="slurm", node=SlurmConf, provider="unrolled")
_store(group="hydra/sweeper", name="grid", node=GridConf, provider="unrolled")


class LocalLauncher(Launcher):
    """Executes each run of a sweep in a forked process on this machine. jobs: the trials, set by the sweeper."""

    jobs: Sequence[Any] = ()

    def __init__(self, slots: int | None = None) -> None:
        self.slots = slots

    def warm_up(self, tasks: Sequence[str]) -> None:
        from unrolled.sweeps.local import warm_up

        warm_up(tasks)

    def setup(self, *, hydra_context: Any, task_function: Any, config: Any) -> None:
        self.hydra_context, self.task_function, self.config = hydra_context, task_function, config

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Any:
        from unrolled.sweeps.local import launch

        return launch(self, job_overrides, initial_job_idx)


class SlurmLauncher(Launcher):
    """Executes the runs of a sweep as jobs of a Slurm cluster, configured by `slurm.*`.

    jobs: the trials, set by the sweeper.
    elsewhere: the runs need their devices on another machine, so that they are not checked on this one.
    """

    jobs: Sequence[Any] = ()
    tasks: Sequence[str] = ()
    elsewhere = True

    def setup(self, *, hydra_context: Any, task_function: Any, config: Any) -> None:
        self.hydra_context, self.task_function, self.config = hydra_context, task_function, config

    def warm_up(self, tasks: Sequence[str]) -> None:
        from pathlib import Path

        from unrolled.sweeps.slurm import check_cluster

        self.tasks = list(tasks)
        check_cluster(Path(self.config.hydra.sweep.dir))

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Any:
        from unrolled.sweeps.slurm import launch

        return launch(self, job_overrides, initial_job_idx)


class GridSweeper(Sweeper):
    """Runs every combination of the axes. All are validated before the first starts; a failed run stops no other."""

    def __init__(self, max_batch_size: int | None = None, params: Mapping[str, str] | None = None) -> None:  # noqa: ARG002
        self.params = params or {}

    def setup(self, *, hydra_context: Any, task_function: Any, config: Any) -> None:
        from hydra.core.plugins import Plugins

        self.hydra_context, self.config = hydra_context, config
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> Any:
        from unrolled.sweeps.grid import sweep

        return sweep(self, arguments)


class SweepFiles(SearchPathPlugin):
    """Lets `--config-name activations` find sweeps/activations.yaml, in a checkout and in a wheel."""

    def manipulate_search_path(self, search_path: Any) -> None:
        from unrolled.config.files import SWEEPS

        search_path.append("unrolled-sweeps", f"file://{SWEEPS}")
