"""Commands whose files or folders are not what they have to be.

Each entry: what is typed after `unrolled`, what the answer names, and what lies in the working folder beforehand.
"""

import io
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

KEPT = Path(__file__).parent / "data" / "edefe1a"  # a run and a sweep of an early version
RUN, SWEEP = KEPT / "run", KEPT / "sweep"


class Made(Enum):
    """What else than a text, bytes or a copy of a folder can lie under a name."""

    FOLDER = 0
    GONE = 1  # it is removed again
    FORBIDDEN = 2  # nobody but root may read or write it
    LOOP = 3  # a link to itself
    BROKEN_LINK = 4


Files = Mapping[str, "str | bytes | Path | Made"]
Entry = tuple[str, str, Files]


def saved(value: Any) -> bytes:
    """The bytes of a file of torch."""
    file = io.BytesIO()
    torch.save(value, file)
    return file.getvalue()


def array(value: Any, **more: Any) -> bytes:
    """The bytes of a file of NumPy: one array, or an archive of those that have names."""
    file = io.BytesIO()
    np.savez(file, **more) if more else np.save(file, value)
    return file.getvalue()


READERS = {
    "show {}": "shown",
    "report {}": "reported",
    "predict {} word": "read",
    "diagnose {}": "diagnosed",
    "sync --dry-run {}": "synced",
    "dashboard {}": "drawn",
    "dashboard push --dry-run --project p {}": "pushed",
}
ELSEWHERE: dict[str, Files] = {
    "missing": {},
    "file": {"here": "a text\n"},
    "empty": {"here": Made.FOLDER},
    "foreign": {"here/status.json": '{"state": "ready", "jobs": 3}', "here/wandb/notes.txt": "mine"},
    "loop": {"here": Made.LOOP},
    "broken link": {"here": Made.BROKEN_LINK},
}
FOLDERS: list[Entry] = [(typed.format("here"), "here", files) for typed in READERS for files in ELSEWHERE.values()]
FOLDERS += [(typed.format("here/below"), "here/below", {"here": "a text\n"}) for typed in READERS]
FOLDERS += [(typed.format("x" * 300), "x" * 300, {}) for typed in READERS]
FOLDERS += [(typed.format("here"), "here", {"here/status.json": "{}", "here": Made.FORBIDDEN}) for typed in READERS]
FOLDERS += [
    ("demo hump --out here", "here", {"here": "a text\n"}),
    ("demo hump --out here/below", "here", {"here": "a text\n"}),
    ("demo hump --out here", "here/hump.html", {"here/hump.html": Made.FOLDER}),
    ("report run", "run/report.html", {"run": RUN, "run/report.html": Made.FOLDER}),
    ("report sweep", "sweep/report.html", {"sweep": SWEEP, "sweep/report.html": Made.FOLDER}),
    ("report sweep", "sweep/results.csv", {"sweep": SWEEP, "sweep/results.csv": Made.GONE, "sweep/results.csv/a": "b"}),
    ("dashboard push --dry-run --project p sweep", "sweep", {"sweep": SWEEP}),
    ("show sweep/multirun.yaml", "sweep/multirun.yaml", {"sweep": SWEEP}),
    ("predict sweep word", "sweep", {"sweep": SWEEP}),
    ("diagnose sweep", "sweep", {"sweep": SWEEP}),
    ("train hydra.run.dir=here", "here", {"here": "a text\n"}),
    ("train hydra.run.dir=here/below", "here", {"here": "a text\n"}),
    ("train hydra.run.dir=here", "here", {"here/metrics.csv": "mine\n"}),
    ("train hydra.run.dir=here", "here", {"here/checkpoints/resnet.pt": "mine\n"}),
    ("train hydra.run.dir=here", "here", {"here": Made.LOOP}),
    ("train hydra.run.dir=" + "x" * 300, "x" * 300, {}),
    ("train hydra.run.dir=run", "run", {"run": RUN}),
    ("train hydra.run.dir=here resume=true", "here", {"here": Made.FOLDER}),
    ("train hydra.run.dir=here resume=true", "here", {"here": "a text\n"}),
    ("train hydra.run.dir=sweep resume=true", "sweep", {"sweep": SWEEP}),
    ("train hydra.run.dir=run resume=true model.hidden=9", "run", {"run": RUN}),
    ("train -m seed=0,1 hydra.sweep.dir=here", "here", {"here": "a text\n"}),
    ("train -m seed=0,1 hydra.sweep.dir=here/below", "here", {"here": "a text\n"}),
    ("train -m seed=0,1 hydra.sweep.dir=here", "here", {"here/0/cat.png": "mine\n"}),
    ("train -m seed=0,1 hydra.sweep.dir=here", "here", {"here/multirun.yaml": "mine: 1\n"}),
    ("train -m seed=0,1 hydra.sweep.dir=sweep", "sweep", {"sweep": SWEEP}),
    ("train -m seed=0,1 hydra.sweep.dir=" + "x" * 300, "x" * 300, {}),
    ("train -m seed=0,1 sweep.resume=here", "here", {"here": "a text\n"}),
    ("train -m seed=0,1 sweep.resume=here", "here", {"here/multirun.yaml": "mine: 1\n"}),
    ("train -m seed=0,1 sweep.resume=run", "run", {"run": RUN}),
    ("train -m init.gain=9 sweep.resume=sweep", "sweep.resume", {"sweep": SWEEP}),
    ("train --config-dir here", "here", {"here": "a text\n"}),
    ("train --config-dir here --config-name mine", "mine", {"here": Made.FOLDER}),
    ("train --config-dir here experiment=mine", "mine", {"here/experiment/mine.yaml": Made.FOLDER}),
    ("train --config-dir here --config-name mine", "mine", {"here/mine.yaml": Made.LOOP}),
    ("check-task here", "here", {}),
    ("check-task here", "here", {"here": Made.FOLDER}),
    ("check-task here.py", "here.py", {"here.py": Made.FOLDER}),
    ("check-task here.py", "here.py", {"here.py": "load = 3\n"}),
    ("check-task here.py", "here.py", {"here.py": b"\xff\xfe"}),
    ("check-task here.txt", "here.txt", {"here.txt": "def load(): ...\n"}),
    ("train task=own task.file=here.py", "here.py", {"here.py": "import nosuch\n"}),
    ("train task=own task.file=here.py", "here.py", {"here.py": "def load(:\n"}),
    ("train task=own task.file=here.py", "here.py", {"here.py": b"x = '\xe9'\n"}),
    ("train task=own task.file=here.py", "here.py", {"here.py": b"x = 1\0\n"}),
    ("train task=own task.file=here.py", "here.py", {"here.py": Made.LOOP}),
    ("train task=own task.file=here.py", "here.py", {"here.py": "exit()\n"}),
]

DAMAGED: dict[str, Files] = {
    "run/checkpoints/last.ckpt": {"run/checkpoints/last.ckpt": Made.GONE},
    "run/checkpoints/last.ckpt ": {"run/checkpoints/last.ckpt": b""},
    "run/checkpoints/last.ckpt  ": {"run/checkpoints/last.ckpt": b"PK\x03\x04 and so on"},
    "run/checkpoints/last.ckpt   ": {"run/checkpoints/last.ckpt": saved({"state_dict": {}})},
    "run/checkpoints/last.ckpt    ": {"run/checkpoints/last.ckpt": Made.GONE, "run/checkpoints/last.ckpt/a": ""},
    "run/checkpoints": {"run/checkpoints": Made.GONE},
}
RECORDS: list[Entry] = [("diagnose run", place.strip(), {"run": RUN, **files}) for place, files in DAMAGED.items()]
RECORDS += [
    ("show run", "run/status.json", {"run": RUN, "run/status.json": "{"}),
    ("show run", "run/status.json", {"run": RUN, "run/status.json": "[1]"}),
    ("show run", "run", {"run": RUN, "run/status.json": Made.GONE}),
    ("report run", "run/status.json", {"run": RUN, "run/status.json": b""}),
    ("report run", "run", {"run": RUN, "run/status.json": Made.GONE}),
    ("predict run word", "predict", {"run": RUN}),
    (
        "predict run word --checkpoint best",
        "run/checkpoints/best.ckpt",
        {"run": RUN, "run/checkpoints/best.ckpt": b"a"},
    ),
    ("diagnose run/checkpoints/none.ckpt", "run/checkpoints/none.ckpt", {"run": RUN}),
    ("diagnose run/metrics.csv", "run/metrics.csv", {"run": RUN}),
    ("diagnose run --out here", "here", {"run": RUN, "here": "a text\n"}),
    ("diagnose run --out here/below", "here", {"run": RUN, "here": "a text\n"}),
    ("diagnose run", "run/diagnosis", {"run": RUN, "run/diagnosis": "a text\n"}),
    ("diagnose run --out here", "here", {"run": RUN, "here": Made.LOOP}),
    ("diagnose run --out " + "x" * 300, "x" * 300, {"run": RUN}),
    ("train hydra.run.dir=run resume=true", "run", {"run": RUN, "run/status.json": b""}),
    ("dashboard push --dry-run --project p run", "run", {"run": RUN}),
]

W = nn.RNN(2, 3).state_dict()
X = torch.zeros(4, 5, 2)


def with_(**changed: Any) -> dict[str, Any]:
    return W | changed


WEIGHTS = {
    "a projection": saved(nn.LSTM(2, 3, proj_size=1).state_dict()),
    "a missing bias": saved({name: value for name, value in W.items() if name != "bias_hh_l0"}),
    "half a second layer": saved(with_(weight_ih_l1=torch.ones(3, 3))),
    "a second layer of another kind": saved(nn.RNN(2, 3, 2).state_dict() | nn.GRU(2, 3).state_dict()),
    "a layer and a cell": saved(W | nn.RNNCell(2, 3).state_dict()),
    "an embedding": saved(nn.Embedding(2, 3).state_dict()),
    "a transformer": saved(nn.TransformerEncoderLayer(4, 2, 8).state_dict()),
    "a module": saved(nn.GRU(2, 3)),
    "sparse": saved(with_(weight_ih_l0=torch.ones(3, 2).to_sparse())),
    "a linear layer": saved(nn.Linear(2, 3).state_dict()),
    "two networks": saved({"a": W, "b": W}),
    "a tensor": saved(X),
    "nothing": saved({}),
    "None": saved(None),
    "numbers": saved(with_(weight_hh_l0=[[1.0]])),
    "integers": saved(with_(weight_hh_l0=torch.ones(3, 3, dtype=torch.int64))),
    "booleans": saved(with_(weight_hh_l0=torch.ones(3, 3).bool())),
    "not square": saved(with_(weight_hh_l0=torch.ones(3, 4))),
    "a vector": saved(with_(weight_hh_l0=torch.ones(3))),
    "no unit": saved(with_(weight_hh_l0=torch.ones(0, 0))),
    "another number of units": saved(with_(weight_ih_l0=torch.ones(4, 2))),
    "a long bias": saved(with_(bias_ih_l0=torch.ones(4))),
    "inf": saved(with_(weight_hh_l0=torch.full((3, 3), torch.inf))),
    "inf in float16": saved(with_(weight_ih_l0=torch.full((3, 2), 7e4).half())),
    "nan in the bias": saved(with_(bias_hh_l0=torch.full((3,), torch.nan))),
    "on the meta device": saved(with_(weight_hh_l0=torch.ones(3, 3, device="meta"))),
    "an optimizer": saved({"optimizer": torch.optim.SGD([nn.Parameter(X)], 0.1).state_dict()}),
    "safetensors": b"\x08\0\0\0\0\0\0\0{}      ",
    "a page": b"<!DOCTYPE html><html>Not found</html>",
    "a pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
}
FILES: list[Entry] = [("diagnose --from-torch w.pt", "w.pt", {"w.pt": content}) for content in WEIGHTS.values()]
FILES += [
    ("diagnose --from-torch none.pt", "none.pt", {}),
    ("diagnose --from-torch w.pt --activation tanh", "--activation", {"w.pt": saved(nn.GRU(2, 3).state_dict())}),
    ("diagnose --from-torch w", "w", {"w": Made.FOLDER}),
    ("diagnose --from-torch w.pt", "w.pt", {"w.pt": Made.LOOP}),
    ("diagnose --from-torch /dev/null", "/dev/null", {}),
    ("diagnose --from-torch w.npz", "w.npz", {"w.npz": array(None, a=np.ones(3), b=np.ones(3))}),
    ("diagnose --from-torch w.npy", "w.npy", {"w.npy": array(np.ones(3))}),
    ("diagnose --from-torch w.pt --length 0", "--length 0", {"w.pt": saved(W)}),
    ("diagnose --from-torch w.pt --samples -1", "--samples -1", {"w.pt": saved(W)}),
    ("diagnose --from-torch w.pt --length 1000000000000", "--length 1000000000000", {"w.pt": saved(W)}),
    ("diagnose --from-torch w.pt --samples 1000000000000", "--samples 1000000000000", {"w.pt": saved(W)}),
    ("diagnose --from-torch w.pt --length " + "1" * 25, "--length " + "1" * 25, {"w.pt": saved(W)}),
    ("diagnose --from-torch w.pt --out here", "here", {"w.pt": saved(W), "here": "a text\n"}),
    ("diagnose --from-torch w.pt --out here/below", "here", {"w.pt": saved(W), "here": "a text\n"}),
    ("diagnose --from-torch w.pt", "w_diagnosis", {"w.pt": saved(W), "w_diagnosis": "a text\n"}),
    ("diagnose --from-torch w.pt --out here", "here/w.json", {"w.pt": saved(W), "here/w.json": Made.FOLDER}),
    ("diagnose --from-torch w.pt --input none.npy", "none.npy", {"w.pt": saved(W)}),
    ("diagnose --from-torch w.pt --input x", "x", {"w.pt": saved(W), "x": Made.FOLDER}),
    ("diagnose --from-torch w.pt --input x.csv", "x.csv", {"w.pt": saved(W), "x.csv": "1,2\n3,4\n"}),
    ("diagnose --from-torch w.pt --input x.npy", "x.npy", {"w.pt": saved(W), "x.npy": array(np.ones((5, 2)))}),
    ("diagnose --from-torch w.pt --input x.npy", "x.npy", {"w.pt": saved(W), "x.npy": array(np.ones((4, 5, 3)))}),
    ("diagnose --from-torch w.pt --input x.npy", "x.npy", {"w.pt": saved(W), "x.npy": array(np.array(["a"]))}),
    ("diagnose --from-torch w.pt --input x.npy", "x.npy", {"w.pt": saved(W), "x.npy": array(np.array([[["a", "b"]]]))}),
    (
        "diagnose --from-torch w.pt --input x.npy",
        "x.npy",
        {"w.pt": saved(W), "x.npy": array(np.zeros((4, 5, 2), "M8[s]"))},
    ),
    ("diagnose --from-torch w.pt --input x.pt", "x.pt", {"w.pt": saved(W), "x.pt": saved([X])}),
    ("diagnose --from-torch w.pt --input x.pt", "x.pt", {"w.pt": saved(W), "x.pt": saved(X * torch.nan)}),
    ("diagnose --from-torch w.pt --input x.pt", "x.pt", {"w.pt": saved(W), "x.pt": saved(W)}),
    ("diagnose --input x.npy", "--from-torch", {"x.npy": array(np.ones((4, 5, 2)))}),
]

VECTOR_TEXTS: dict[str, "str | bytes"] = {
    "a pointer": "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12345\n",
    "a page": "<!DOCTYPE html>\n<html><body>404</body></html>\n",
    "JSON": '{"love": [1, 2]}\n',
    "NumPy": array(np.ones((2, 2))),
    "torch": saved(W),
    "UTF-32": "love 1 2\n".encode("utf-32"),
    "a mark alone": b"\xef\xbb\xbf",
    "bzip2": b"BZh91AY&SY" + bytes(20),
    "xz": b"\xfd7zXZ\0" + bytes(20),
    "zstd": b"\x28\xb5\x2f\xfd" + bytes(20),
    "zero bytes later": b"love 1 2\nlike 1 \0 2\n",
    "a negative head": "-1 2\nlove 1 2\n",
    "a head of no size": "1 0\nlove 1 2\n",
    "infinity": "love 1 Infinity\n",
    "two signs": "love 1 --2\n",
    "brackets": "love [1, 2]\n",
    "a word alone later": "love 1 2\nlike\n",
    "a cut number": "love 1 2\nlike 3 4.5e+\n",
}
PRETRAINED = "train embedding=pretrained embedding.path="
VECTORS: list[Entry] = [(f"{PRETRAINED}v.txt", "v.txt", {"v.txt": text}) for text in VECTOR_TEXTS.values()]
VECTORS += [
    (f"{PRETRAINED}none.txt", "none.txt", {}),
    (f"{PRETRAINED}v", "v", {"v": Made.FOLDER}),
    (f"{PRETRAINED}/dev/zero", "/dev/zero", {}),
    (f"{PRETRAINED}v.txt/below", "v.txt/below", {"v.txt": "love 1 2\n"}),
    (f"{PRETRAINED}v.txt", "v.txt", {"v.txt": Made.LOOP}),
    (f"{PRETRAINED}v.txt", "v.txt", {"v.txt": Made.BROKEN_LINK}),
    (f"{PRETRAINED}{'x' * 300}", "x" * 300, {}),
    (f"{PRETRAINED}v.txt embedding.dim=3", "embedding.dim=3", {"v.txt": "love 1 2\n"}),
    (f"{PRETRAINED}[v.txt]", "embedding.path", {"v.txt": "love 1 2\n"}),
    (f"{PRETRAINED}v.txt task=adding", "embedding=pretrained", {"v.txt": "love 1 2\n"}),
]

HEAD = "# @package _global_\ndefaults:\n  - train\n"
AXES = f"{HEAD}  - _self_\nhydra:\n  mode: MULTIRUN\n  sweeper:\n    params:\n"
NAMED = "train --config-dir c --config-name mine"
CONFIG_TEXTS = {
    "_self_ twice": f"{HEAD}  - _self_\n  - _self_\n",
    "a group twice": f"{HEAD}  - task: adding\n  - _self_\n",
    "overridden twice": f"{HEAD}  - override /task: adding\n  - override /task: copy\n  - _self_\n",
    "override without a group": f"{HEAD}  - override /nosuch: a\n  - _self_\n",
    "override before": "defaults:\n  - override /task: adding\n  - train\n",
    "no such choice": f"{HEAD}  - override /task: mnist\n  - _self_\n",
    "no such file": "defaults:\n  - trian\n  - _self_\n",
    "itself": "defaults:\n  - mine\n  - _self_\n",
    "a number in defaults": f"{HEAD}  - 3\n",
    "defaults: null": "defaults: null\n",
    "defaults: {}": "defaults: {}\n",
    "a wrong value": f"{HEAD}  - _self_\nmodel:\n  hidden: eight\n",
    "a wrong range": f"{HEAD}  - _self_\nmodel:\n  hidden: 0\n",
    "an unknown key": f"{HEAD}  - _self_\nmodel:\n  layers: 2\n",
    "an unknown group": f"{HEAD}  - _self_\nnetwork:\n  hidden: 2\n",
    "a group as a number": f"{HEAD}  - _self_\nmodel: 8\n",
    "a group as null": f"{HEAD}  - _self_\nmodel: null\n",
    "a value as a mapping": f"{HEAD}  - _self_\nseed:\n  a: 1\n",
    "a date": f"{HEAD}  - _self_\nseed: 2026-11-27\n",
    "an indent": f"{HEAD}  - _self_\nmodel:\n  hidden: 2\n   backward: bptt\n",
    "no colon": f"{HEAD}  - _self_\nmodel\n  hidden: 2\n",
    "no space": f"{HEAD}  - _self_\nmodel:\n  hidden:2\n",
    "a percent sign": f"{HEAD}  - _self_\nseed: %1\n",
    "an at sign": f"{HEAD}  - _self_\nseed: @1\n",
    "a backtick": f"{HEAD}  - _self_\nseed: `1`\n",
    "JSON": '{"defaults": ["train", "_self_"], "seed": "x"}\n',
    "Python": "from unrolled import train\ntrain(seed=1)\n",
    "TOML": "[model]\nhidden = 8\n",
    "hydra.run.dir": f"{HEAD}  - _self_\nhydra:\n  run:\n    dir: [a]\n",
    "hydra.mode": f"{HEAD}  - _self_\nhydra:\n  mode: SWEEP\n",
    "an axis of no key": f"{AXES}      hidden: 4,8\n",
    "an axis out of range": f"{AXES}      model.hidden: 4,0\n",
    "an axis of no choice": f"{AXES}      task: adding,mnist\n",
}
CONFIG: list[Entry] = [(NAMED, "c/mine.yaml", {"c/mine.yaml": text}) for text in CONFIG_TEXTS.values()]
