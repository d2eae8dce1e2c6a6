"""What the fork server imports before its first fork. Importing this module is all that it does."""

from unrolled.heavy import imports, load_run

load_run()
with imports():
    import matplotlib.figure  # noqa: F401
    import scipy.sparse  # noqa: F401
    import sklearn.naive_bayes  # noqa: F401

    import unrolled.cli  # noqa: F401
