"""`make test-gpu PY=python3`: needs this checkout and torch; a run is tried where its packages can be imported."""

import sys
from importlib.util import find_spec


def main() -> int:
    """The exit code: 0 also where there is nothing to try, 1 for numbers that disagree, 2 for a Python that cannot."""
    if sys.version_info < (3, 11) or find_spec("torch") is None:
        print(f"test-gpu: {sys.executable} is not Python 3.11 or later with torch: give one, make test-gpu PY=python3")
        return 2
    import torch

    if not torch.cuda.is_available():
        print(f"test-gpu: skipped: torch {torch.__version__} sees no GPU here")
        return 0
    return compared("cuda", "gpu")


def compared(device: str, trainer: str) -> int:
    """Prints a line for each comparison; the exit code. trainer: of conf/trainer, for the device."""
    import recurrence
    import resumed

    recurrence.exact_products()
    try:
        for told in (*recurrence.against_the_cpu(device), *recurrence.against_torchs_own(device)):
            print(f"test-gpu: {told}: agrees")
        if missing := resumed.missing():
            print(f"test-gpu: no run is tried: this Python lacks {', '.join(missing)}")
        else:
            print(f"test-gpu: {resumed.a_run_and_its_resume(trainer)}: agrees")
    except AssertionError as error:
        print(f"test-gpu: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
