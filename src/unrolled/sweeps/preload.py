"""What the fork server does once for all of its runs: imports, and the reading of files of word vectors."""

import contextlib
import os

from unrolled.processes.imports import imports
from unrolled.run.load import load_run

load_run()
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
