import json
from pathlib import Path

from unrolled.record import status


def test_a_status_is_always_whole_json_without_nan(tmp_path: Path) -> None:
    status.write(tmp_path, {"state": "running", "slope": float("nan"), "births": {"slopes": [1.0, float("inf")]}})
    assert json.loads((tmp_path / "status.json").read_text()) == {
        "state": "running", "slope": None, "births": {"slopes": [1.0, None]},
    }  # fmt: skip
    assert [path.name for path in tmp_path.iterdir()] == ["status.json"]


def test_only_a_run_that_has_not_said_how_it_ended_is_marked(tmp_path: Path) -> None:
    assert status.read(tmp_path) == {}
    status.mark(tmp_path, "failed", "killed by SIGKILL")
    assert status.read(tmp_path) == {"state": "failed", "error": "killed by SIGKILL"}
    status.write(tmp_path, {"state": "diverged", "error": None})
    status.mark(tmp_path, "failed", "killed by SIGKILL")
    assert status.read(tmp_path)["state"] == "diverged"
