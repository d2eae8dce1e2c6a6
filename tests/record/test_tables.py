import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unrolled.record.tables import Table, cell, lag_columns, read_rows, read_table


@given(st.floats())
def test_a_number_reads_back_as_itself(value: float) -> None:
    again = float(cell(value))
    assert again == value or (math.isnan(again) and math.isnan(value))


def test_a_table_is_complete_after_every_row(tmp_path: Path) -> None:
    table = Table(tmp_path / "t.csv", ["step", "a", "b"])
    table.write({"step": 0, "b": 0.1})
    assert (tmp_path / "t.csv").read_text() == "step,a,b\n0,,0.1\n"
    table.write({"step": 1, "a": math.inf, "b": None})
    header, rows = read_table(tmp_path / "t.csv")
    assert header == ["step", "a", "b"]
    assert rows[1][:2] == [1, math.inf]
    assert math.isnan(rows[0][1])
    with pytest.raises(ValueError, match="not in fieldnames"):
        table.write({"c": 1})


def test_rows_are_added_under_the_header_that_is_there(tmp_path: Path) -> None:
    """A later version has one more column, and in another order."""
    Table(tmp_path / "t.csv", ["step", "a", "b"]).write({"step": 0, "a": 1, "b": 2})
    later = Table(tmp_path / "t.csv", ["step", "new", "b", "a"], keep=True)
    later.write({"step": 1, "a": 3, "b": 4, "new": 5})
    assert (tmp_path / "t.csv").read_text() == "step,a,b\n0,1,2\n1,3,4\n"
    with pytest.raises(ValueError, match="not in fieldnames"):
        later.write({"c": 1})


def test_what_a_full_disk_has_cut_short_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("step,a\n0,1\n1,2.")
    assert read_table(file) == (["step", "a"], [[0, 1]])
    file.write_text("")
    assert read_table(file) == ([], [])
    assert read_rows(file) == read_rows(tmp_path / "none.csv") == []


def test_the_lags_that_are_logged() -> None:
    assert list(lag_columns(40)) == [0, 1, 2, 5, 10, 20]
    assert list(lag_columns(201)) == [0, 1, 2, 5, 10, 20, 50, 100, 200]
    assert list(lag_columns(1)) == [0]
