"""The chart of profiles, for which W&B has no panel: a Vega-Lite preset over the table that each run logs."""

import hashlib
import json
from pathlib import Path
from typing import Any

TABLE_KEY = "profiles"
FIELDS = {"x": "t", "ln_norm": "mean_ln_norm", "step": "step"}  # the preset's names -> columns of the table
STRINGS = {"x_title": "time step t"}
DISPLAY_NAME = "Unrolled: profiles of dL/dh_t"
_FILE = Path(__file__).with_name("profile.vega.json")


def preset() -> dict[str, Any]:
    """Returns the Vega-Lite specification."""
    return json.loads(_FILE.read_text(encoding="utf-8"))


def preset_name() -> str:
    """Returns the preset's name in W&B.

    It ends with a fingerprint of the specification: W&B cannot change a preset, so a new one needs a new name.
    """
    return f"unrolled-profiles-{hashlib.sha256(json.dumps(preset(), sort_keys=True).encode()).hexdigest()[:8]}"
