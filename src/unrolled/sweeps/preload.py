"""Imports of the fork server before its first fork. The module has no other content."""

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
