"""The commands. `unrolled train ...` and `python src/train.py ...` are the same."""

import argparse
import os
import sys
import traceback
import webbrowser
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import hydra
from hydra.errors import HydraException
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from .config.files import CONF
from .config.schema import Config
from .errors import Interrupted, UserError
from .processes.imports import imports
from .processes.ranks import RanksFailed, started_outside
from .processes.signals import raise_on_signals
from .run.load import load_run
from .run.preflight import as_names, check, in_one_line, preflight


def cell(config: DictConfig) -> float | None:
    """What Hydra calls for a run, and for each cell of a sweep. Undecorated: every launcher can pickle it."""
    from hydra.core.hydra_config import HydraConfig

    load_run()
    from .config.identity import place_of
    from .record import ownership

    place = place_of(HydraConfig.get(), config)
    ownership.claim_run(place.folder)  # before the seconds that imports take: who is stopped there can start again
    from .run.lifecycle import run

    return run(check(config), place).get("slope")


def train(arguments: Sequence[str]) -> None:
    """One run, or with a sweep's file as --config-name one sweep. Ends the process with its exit code."""
    _guarded(lambda: _train(list(arguments)))


def _train(arguments: list[str]) -> None:
    arguments = as_names(arguments)
    checked, outside = preflight(arguments), started_outside()
    if outside is not None and not outside.leads and checked.config is not None:
        _follow(checked.config)
        return
    os.environ["HYDRA_FULL_ERROR"] = "1"  # errors come to us, not to Hydra's printer
    os.environ.pop("WANDB_SERVICE", None)  # a notebook's around us: there a killed run would hold its id
    sys.argv = [sys.argv[0], *arguments]
    single = _Single()
    task = cell if checked.sweep else single
    hydra.main(version_base="1.3", config_path=str(CONF), config_name="train")(task)()
    if single.error is not None:
        raise single.error


def _follow(config: Config) -> None:
    """A rank that torchrun has started beside the first: it trains with it, and has no folder of its own."""
    load_run()
    from .config.identity import Place
    from .run.lifecycle import run

    run(config, Place(Path(), "", ""))


class _Single:
    """Carries a single run's exception past Hydra, which would print lines of its own about it."""

    error: BaseException | None = None

    def __call__(self, config: DictConfig) -> None:
        try:
            cell(config)
        except BaseException as error:
            self.error = error


def _guarded(command: Callable[[], Any]) -> None:
    """Whatever ends a command early: one line on stderr, exit code 2 for what the user typed, 1 for what went wrong."""
    raise_on_signals()
    try:
        command()
    except Interrupted as stop:
        _fail(f"interrupted ({stop}); what was computed is kept", stop.exit_code)
    except (HydraException, OmegaConfBaseException) as error:
        _fail(in_one_line(error), 2)
    except UserError as error:
        _fail(str(error), 2)
    except RanksFailed as error:
        _fail(str(error), 1)
    except Exception as error:
        if os.environ.get("UNROLLED_TRACEBACK"):
            traceback.print_exc()
        words = (str(error).splitlines() or [""])[0]
        _fail(f"{type(error).__name__}: {words} (UNROLLED_TRACEBACK=1 shows where)", 1)


def _fail(message: str, code: int) -> NoReturn:
    print(f"unrolled: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(code)


def _report(args: argparse.Namespace) -> None:
    from .config.files import SWEEP_RECORD
    from .report.build import build
    from .report.run_page import build_run

    folder = Path(args.folder)
    page = build(folder) if (folder / SWEEP_RECORD).is_file() else build_run(folder)
    print(page)
    if args.open:
        webbrowser.open(page.absolute().as_uri())


def _bench(args: argparse.Namespace) -> None:
    from .bench import main

    main(quick=args.quick)


def _dashboard(args: argparse.Namespace) -> None:
    from .wandb_runs.viewer import open_dashboard

    open_dashboard(Path(args.folder))


def _push(args: argparse.Namespace) -> None:
    from .wandb_runs.push import dry_run, push

    folder, out = Path(args.folder), Path(args.out) if args.out else None
    if args.dry_run:
        print(f"workspace: {dry_run(folder, args.project, args.entity, out)}")
        print("Without an account only this file can be shown: W&B draws it once it is pushed without --dry-run.")
        return
    pushed = push(folder, args.project, args.entity)
    print(f"workspace: {pushed.url}")
    if pushed.missing:
        raise UserError("; ".join(pushed.missing))


def _sync(args: argparse.Namespace) -> None:
    from .wandb_runs.sync import sync

    sync(Path(args.folder), args.dry_run)


def _diagnose(args: argparse.Namespace) -> None:
    with imports():
        from .inspection.diagnose import diagnose_run, diagnose_torch

    out = Path(args.out) if args.out else None
    if (args.run is None) == (args.from_torch is None):
        raise UserError("give a run's folder, a checkpoint, or --from-torch FILE: one of them")
    if args.from_torch is None:
        diagnose_run(Path(args.run), out)
        return
    inputs = Path(args.input) if args.input else None
    diagnose_torch(Path(args.from_torch), args.activation, inputs, args.length, args.samples, out)


def _show(args: argparse.Namespace) -> None:
    from .report.show import show

    show(Path(args.folder))


def _predict(args: argparse.Namespace) -> None:
    with imports():
        from .inspection.predict import predict, show

    show(predict(Path(args.run), args.text, args.label, args.checkpoint))


def _demo(args: argparse.Namespace) -> None:
    from .lecture import listed, make

    if args.name is None or args.list:
        print(listed())
        return
    page = make(args.name, Path(args.out))
    print(page)
    if args.open:
        webbrowser.open(page.resolve().as_uri())


def _looking(commands: Any) -> None:
    """The commands about networks and what they left."""
    commands.add_parser("train", add_help=False, help="one run or one sweep; `unrolled train --help` lists its values")
    report = commands.add_parser("report", help="the page of a sweep or of a run, from its folder alone")
    report.add_argument("folder", help="of a sweep, or of a run")
    report.add_argument("--open", action="store_true", help="open it in the browser")
    report.set_defaults(call=_report)
    show = commands.add_parser("show", help="a run or a sweep in a few lines of text: profile, regime, score")
    show.add_argument("folder", help="of a sweep, or of a run")
    show.set_defaults(call=_show)
    predict = commands.add_parser("predict", help="what a trained network says to a text, word by word")
    predict.add_argument("run", help="the folder of a run")
    predict.add_argument("text", help='such as "I do not like this movie"')
    predict.add_argument("--label", help="the class to take the loss against; without it, the one that is predicted")
    predict.add_argument("--checkpoint", choices=("best", "last"), default="best")
    predict.set_defaults(call=_predict)
    diagnose = commands.add_parser(
        "diagnose", help="why a network's gradients vanish or explode: regime, cause, theory, pictures"
    )
    diagnose.add_argument("run", nargs="?", metavar="CHECKPOINT|RUN_FOLDER", help="a run's folder, or a checkpoint")
    diagnose.add_argument(
        "--from-torch", metavar="FILE", help="the saved state_dict of a torch.nn.RNN (one layer), driven by white noise"
    )
    diagnose.add_argument("--activation", choices=("tanh", "relu"), default="tanh", help="of --from-torch (tanh)")
    diagnose.add_argument("--input", metavar="FILE", help="with --from-torch: x (T, B, E) as .pt or .npy")
    diagnose.add_argument("--length", type=int, default=100, help="T, time steps of the noise (100)")
    diagnose.add_argument("--samples", type=int, default=32, help="B, samples of the noise (32)")
    diagnose.add_argument("--out", metavar="FOLDER", help="for picture and numbers; by default beside what is read")
    diagnose.set_defaults(call=_diagnose)
    demo = commands.add_parser("demo", help="a page for a lecture, such as error_wall; without a name, their list")
    demo.add_argument("name", nargs="?", metavar="NAME", help="one of the list")
    demo.add_argument("--list", action="store_true", help="only list them")
    demo.add_argument("--out", metavar="FOLDER", default="outputs/demos", help="for the page (outputs/demos)")
    demo.add_argument("--open", action="store_true", help="open the page in a browser")
    demo.set_defaults(call=_demo)


def _around(commands: Any) -> None:
    """The commands about speed, W&B and its pages."""
    bench = commands.add_parser("bench", help="the speed table, as ratios measured side by side")
    bench.add_argument("--quick", action="store_true", help="few repetitions: to see that it runs")
    bench.set_defaults(call=_bench)
    dashboard = commands.add_parser(
        "dashboard",
        help="open the newest runs in W&B's own terminal viewer, offline",
        epilog="`unrolled dashboard push --help`: a sweep's runs and charts to W&B's pages.",
    )
    dashboard.add_argument("folder", nargs="?", default="outputs", help="a run, a sweep, or outputs/")
    dashboard.set_defaults(call=_dashboard)
    push = commands.add_parser("dashboard push", help="a sweep's runs and charts to W&B's pages (needs an account)")
    push.add_argument("folder", metavar="SWEEP_FOLDER")
    push.add_argument("--project", required=True, help="the W&B project")
    push.add_argument("--entity", help="account or team; without it, the account's own")
    push.add_argument("--dry-run", action="store_true", help="upload nothing: write the workspace as JSON")
    push.add_argument("--out", metavar="FILE", help="of --dry-run (SWEEP_FOLDER/workspace.json)")
    push.set_defaults(call=_push)
    sync = commands.add_parser("sync", help="upload the offline W&B runs that are not uploaded yet (needs an account)")
    sync.add_argument("folder", nargs="?", default="outputs", help="a run, a sweep, or outputs/")
    sync.add_argument("--dry-run", action="store_true", help="only list them")
    sync.set_defaults(call=_sync)


def parsed(words: Sequence[str]) -> argparse.Namespace:
    """What `unrolled WORDS` asks for, `call` being what does it. Ends the process where that is no command."""
    parser = argparse.ArgumentParser(
        prog="unrolled",
        description="What happens to gradients on their way back through time in a recurrent network.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _looking(commands)
    _around(commands)
    pushing = words[:2] == ["dashboard", "push"]
    return parser.parse_args(["dashboard push", *words[2:]] if pushing else words or ["--help"])


def console() -> None:
    """The `unrolled` command."""
    if sys.argv[1:2] == ["train"]:
        sys.argv[0] += " train"
        train(sys.argv[2:])
        return
    args = parsed(sys.argv[1:])
    _guarded(lambda: args.call(args))


if __name__ == "__main__":
    console()
