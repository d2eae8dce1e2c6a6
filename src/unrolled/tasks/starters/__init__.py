"""Files of own tasks that run as they are: `unrolled new-task` writes one of them as the beginning of the user's."""

from pathlib import Path

from unrolled.errors import UserError

KINDS = ("texts", "series", "sequences")


def new_task(name: str, kind: str, folder: Path) -> Path:
    """Writes a file of an own task that runs as it is, and returns its path.

    name: of the file, with or without `.py`.
    kind: one of KINDS.
    folder: where a relative name is looked for.
    Raises UserError if something of this name is there, or the file cannot be written.
    """
    file = folder / (name if name.endswith(".py") else f"{name}.py")
    text = (Path(__file__).parent / f"{kind}.py").read_text(encoding="utf-8")
    try:
        with file.open("x", encoding="utf-8") as new:
            new.write(text)
    except FileExistsError:
        raise UserError(f"{file} is there already: give another name") from None
    except OSError as error:
        raise UserError(f"{file} cannot be written: {error.strerror}") from None
    return file
