"""The files that code opens for reading are noticed, those of the program itself are not."""

import os
import sys
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from unrolled.config.stamp import Stamp
from unrolled.tasks.opened import opened


def test_each_way_to_read_a_file_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("a.npy", np.zeros(3))
    np.savez("b.npz", x=np.zeros(3))
    pd.DataFrame({"x": [1, 2]}).to_csv("c.csv")
    torch.save(torch.zeros(3), "d.pt")
    Path("e.txt").write_text("e")
    Path("f.bin").write_bytes(b"f")
    monkeypatch.syspath_prepend(str(tmp_path))
    Path("helper_of_this_test.py").write_text("value = 1")
    found: dict[Path, Stamp] = {}
    with opened(found):
        np.load("a.npy", mmap_mode="r")
        np.load("b.npz")["x"]
        pd.read_csv("c.csv")
        torch.load("d.pt", weights_only=True)
        Path("e.txt").read_text()
        os.close(os.open(b"f.bin", os.O_RDONLY))
        __import__("helper_of_this_test")
    del sys.modules["helper_of_this_test"]
    assert sorted(found) == sorted(
        tmp_path / name for name in ("a.npy", "b.npz", "c.csv", "d.pt", "e.txt", "f.bin", "helper_of_this_test.py")
    )


def test_what_is_no_data_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    found: dict[Path, Stamp] = {}

    def elsewhere() -> None:
        (tmp_path / "a.txt").read_text()

    with opened(found):
        Path(os.__file__).read_text(encoding="utf-8")
        Path(np.__file__).read_text(encoding="utf-8")
        Path("/dev/null").read_text()
        (tmp_path / "made.txt").write_text("made")
        (tmp_path / "made.txt").read_text()
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        os.close(os.open(tmp_path, os.O_RDONLY))
        with pytest.raises(FileNotFoundError):
            (tmp_path / "none.txt").read_text()
    assert found == {}
    (tmp_path / "a.txt").read_text()
    assert found == {}
