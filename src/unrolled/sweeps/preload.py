"""What the fork server does once for all of its runs: imports, and the reading of files of word vectors."""

import contextlib
import os

launcher = os.getppid()


def end_without_launcher() -> None:
    """Ends this process if the launcher has ended meanwhile, as it does where a sweep is refused."""
    if os.getppid() != launcher:
        os._exit(0)


from unrolled.processes.imports import imports  # noqa: E402

with imports():
    import torch  # noqa: F401 - the first of three parts that take about a second or two each
end_without_launcher()
from unrolled.run.load import load_run  # noqa: E402

load_run()
end_without_launcher()
with imports():
    import matplotlib.figure  # noqa: F401
    import PIL.Image
    import scipy.sparse  # noqa: F401
    import sklearn.naive_bayes  # noqa: F401

    import unrolled.run.entry  # noqa: F401

    PIL.Image.init()  # imports a module for each format, which the first picture would otherwise wait for

from unrolled.config.vector_file import vector_file  # noqa: E402
from unrolled.errors import UserError  # noqa: E402

for path in filter(None, os.environ.get("UNROLLED_VECTOR_FILES", "").split("\n")):
    with contextlib.suppress(UserError):  # the launcher raises it
        vector_file(path)
