"""The commands. `unrolled train ...` and `python src/train.py ...` are one program."""

import sys
import webbrowser
from pathlib import Path

import click

from .errors import UserError
from .processes.imports import imports
from .run.entry import fail, guarded, train

FOLDER = click.Path(path_type=Path)


class _Commands(click.Group):
    def resolve_command(self, ctx: click.Context, args: list[str]):
        if args[0] not in self.commands:
            raise UserError(f"{args[0]}: no such command; allowed: {', '.join(self.commands)}")
        return super().resolve_command(ctx, args)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def unrolled() -> None:
    """What happens to gradients on their way back through time in a recurrent network."""


@unrolled.command("train", add_help_option=False)
def _train() -> None:
    """One run or one sweep; its own --help lists all values."""  # `console` has it before click


@unrolled.command()
@click.argument("folder", type=FOLDER)
@click.option("--open", "shown", is_flag=True, help="Open it in the browser.")
def report(folder: Path, shown: bool) -> None:
    """The page of a sweep or of a run, from its folder."""
    from .config.files import SWEEP_RECORD
    from .report.build import build
    from .report.run_page import build_run

    _page(build(folder) if (folder / SWEEP_RECORD).is_file() else build_run(folder), shown)


def _page(page: Path, shown: bool) -> None:
    print(page)
    if shown:
        webbrowser.open(page.resolve().as_uri())


@unrolled.command()
@click.argument("folder", type=FOLDER)
def show(folder: Path) -> None:
    """A run or a sweep in a few lines of text."""
    from .report.show import show as print_lines

    print_lines(folder)


@unrolled.command()
@click.argument("run", type=FOLDER)
@click.argument("text")
@click.option("--label", help="The class to take the loss against; without it, the one that is predicted.")
@click.option("--checkpoint", type=click.Choice(("best", "last")), default="best", show_default=True)
def predict(run: Path, text: str, label: str | None, checkpoint: str) -> None:
    """What a trained network answers to a text.

    RUN is the folder of a run. TEXT is such as "I do not like this movie"; each word's share is shown.
    """
    with imports():
        from .inspection import predict as predicting

    predicting.show(predicting.predict(run, text, label, checkpoint))


@unrolled.command()
@click.argument("run", type=FOLDER, required=False, metavar="[CHECKPOINT|RUN_FOLDER]")
@click.option(
    "--from-torch",
    type=FOLDER,
    metavar="FILE",
    help="The saved state_dict of a torch.nn.RNN (one layer), driven by white noise.",
)
@click.option(
    "--activation", type=click.Choice(("tanh", "relu")), default="tanh", show_default=True, help="Of --from-torch."
)
@click.option("--input", "inputs", type=FOLDER, metavar="FILE", help="With --from-torch: x (T, B, E) as .pt or .npy.")
@click.option("--length", default=100, show_default=True, help="T, time steps of the noise.")
@click.option("--samples", default=32, show_default=True, help="B, samples of the noise.")
@click.option("--out", type=FOLDER, metavar="FOLDER", help="For picture and numbers; by default beside what is read.")
def diagnose(  # noqa: PLR0917 - click gives them by name
    run: Path | None,
    from_torch: Path | None,
    activation: str,
    inputs: Path | None,
    length: int,
    samples: int,
    out: Path | None,
) -> None:
    """Why gradients vanish or explode: regime, cause, theory.

    Of a run, of a checkpoint, or of the weights of a torch.nn.RNN; with pictures.
    """
    with imports():
        from .inspection.diagnose import diagnose_run, diagnose_torch

    if run is not None and from_torch is None:
        diagnose_run(run, out)
    elif from_torch is not None and run is None:
        diagnose_torch(from_torch, activation, inputs, length, samples, out)
    else:
        raise UserError("give a run's folder, a checkpoint, or --from-torch FILE: one of them")


@unrolled.command()
@click.argument("name", required=False)
@click.option("--list", "all_of_them", is_flag=True, help="Only list them.")
@click.option("--out", type=FOLDER, metavar="FOLDER", default="outputs/demos", show_default=True, help="For the page.")
@click.option("--open", "shown", is_flag=True, help="Open the page in the browser.")
def demo(name: str | None, all_of_them: bool, out: Path, shown: bool) -> None:
    """A page for a lecture; without a NAME, their list."""
    from .lecture import listed, make

    if name is None or all_of_them:
        print(listed())
    else:
        _page(make(name, out), shown)


@unrolled.command()
@click.option("--quick", is_flag=True, help="Few repetitions: to see that it runs.")
def bench(quick: bool) -> None:
    """The speed table, as ratios measured side by side."""
    from .bench import main

    main(quick)


class _Dashboard(click.Group):
    """A group whose words, where they name none of its commands, are those of `view`."""

    def resolve_command(self, ctx: click.Context, args: list[str]):
        return super().resolve_command(ctx, args if args[0] in self.commands else ["view", *args])


@unrolled.group(cls=_Dashboard, invoke_without_command=True)
@click.pass_context
def dashboard(context: click.Context) -> None:
    """W&B's own terminal viewer, offline; `push`: to W&B's pages.

    `unrolled dashboard FOLDER` opens the newest runs of a run's or a sweep's folder; without one, of outputs/.
    """
    if context.invoked_subcommand is None:
        context.invoke(view)


@dashboard.command()
@click.argument("folder", type=FOLDER, default="outputs")
def view(folder: Path) -> None:
    """The newest runs of FOLDER in W&B's own terminal viewer."""
    from .wandb_runs.viewer import open_dashboard

    open_dashboard(folder)


@dashboard.command()
@click.argument("folder", type=FOLDER, metavar="SWEEP_FOLDER")
@click.option("--project", required=True, help="The W&B project.")
@click.option("--entity", help="Account or team; without it, the account's own.")
@click.option("--dry-run", is_flag=True, help="Upload nothing: write the workspace as JSON.")
@click.option("--out", type=FOLDER, metavar="FILE", help="Of --dry-run (SWEEP_FOLDER/workspace.json).")
def push(folder: Path, project: str, entity: str | None, dry_run: bool, out: Path | None) -> None:
    """A sweep's runs and charts to W&B's pages (needs an account)."""
    from .wandb_runs import push as pushing

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
    """Upload the W&B runs that are not uploaded yet.

    FOLDER: a run, a sweep, or outputs/. It needs an account.
    """
    from .wandb_runs.sync import sync as upload

    upload(folder, dry_run)


def call(words: list[str]) -> None:
    """Carries out `unrolled WORDS`. Ends the process with 2 and a line where they are no command."""
    try:
        unrolled.main(words or ["--help"], prog_name="unrolled", standalone_mode=False)
    except click.ClickException as mistake:
        fail(mistake.format_message(), mistake.exit_code)


def console() -> None:
    """The `unrolled` command."""
    words = sys.argv[1:]
    if words[:1] == ["train"]:
        sys.argv[0] += " train"
        train(words[1:])
        return
    guarded(lambda: call(words))


if __name__ == "__main__":
    console()
