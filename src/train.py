"""One run or one sweep: `python src/train.py --help`. The installed command `unrolled train` is the same program."""

import signal

signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C while modules load: gone, without a traceback

import importlib.util  # noqa: E402
import sys  # noqa: E402

NEEDED = ("hydra", "omegaconf", "torch", "pytorch_lightning", "torchmetrics", "wandb", "rich")


def main():
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if sys.version_info < (3, 11) or missing:
        why = "Python 3.11 or later" if sys.version_info < (3, 11) else ", ".join(missing)
        sys.stderr.write(
            f"unrolled: this Python ({sys.executable}) lacks {why}: run `make setup`, then use .venv/bin/python\n"
        )
        sys.exit(2)
    from unrolled.run.entry import train

    train(sys.argv[1:])


if __name__ == "__main__":
    main()
