"""Executes notebooks and keeps their outputs without what changes from one execution to the next.

`make docs` calls it; the arguments are the notebooks.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbclient import NotebookClient

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
OPTIONS = {"kernel_name": "python3", "timeout": 240, "record_timing": False, "coalesce_streams": True}


def execute(file: Path) -> None:
    """Executes a notebook in an empty folder and writes its outputs into it.

    Raises CellExecutionError if a cell raises an error.
    """
    notebook = nbformat.read(file, as_version=4)
    with TemporaryDirectory() as folder:
        NotebookClient(notebook, **OPTIONS).execute(cwd=folder)
    notebook.metadata = METADATA
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                del output.data["text/plain"]  # names the size of the figure object
    nbformat.write(notebook, file)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        execute(Path(name))
