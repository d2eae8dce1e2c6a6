"""The sentence about two words whose vectors training may bring closer."""

from pathlib import Path

from unrolled.record.results import Swept, SweptRun
from unrolled.record.run_record import RunRecord
from unrolled.report.words import lines


def test_the_sentence_counts_runs_and_the_tables_they_start_from(tmp_path: Path) -> None:
    runs = []
    for i, (first, last) in enumerate([(0.6, 0.1), (0.6, 0.7), (0.2, -0.2)]):
        folder = tmp_path / str(i)
        folder.mkdir()
        head = "word,other,cosine_start,cosine,nearest_start,nearest"
        (folder / "words.csv").write_text(f"{head}\nlove,like,{first},{last},band,money\n")
        runs.append(SweptRun(folder, {"seed": i}, RunRecord()))
    runs.append(SweptRun(tmp_path / "3", {"seed": 3}, RunRecord()))  # it left no table
    (line,) = lines(Swept(tmp_path, "s", "", {}, runs))
    assert line.startswith("love and like: training brings them closer in 1 of 3 runs; the mean cosine is +0.47 before")
    assert line.endswith("and +0.20 after (the runs start from 2 different tables).")
