"""What the fork server imports before its first fork. Importing this module is all that it does."""

from unrolled.processes.imports import imports
from unrolled.run.load import load_run

load_run()
with imports():
    import matplotlib.figure  # noqa: F401
    import PIL.Image
    import scipy.sparse  # noqa: F401
    import sklearn.naive_bayes  # noqa: F401

    import unrolled.run.entry  # noqa: F401

    PIL.Image.init()  # imports a file for each format, at the first picture otherwise
