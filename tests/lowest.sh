#!/usr/bin/env bash
# The lowest versions that pyproject.toml allows, in a virtual environment of their own: the numerical tests and the runs.
# torch stays at the tested version, for its lowest one comes as a CUDA build of several GB; TORCH=2.6.0 tries that too.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
torch=${TORCH:-$(sed -n 's/^torch==//p' constraints.txt)}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$python" -m venv "$folder/tools"
"$folder/tools/bin/pip" install --quiet uv
echo "torch==$torch" >"$folder/torch.txt"
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
"$folder/tools/bin/uv" pip compile --quiet --resolution lowest-direct --python-version "$version" --no-annotate --no-header \
    --override "$folder/torch.txt" --extra data --extra dev pyproject.toml --output-file "$folder/all.txt"
grep -vE '^(nvidia|cuda|triton)' "$folder/all.txt" >"$folder/lowest.txt"  # for another build of torch
"$python" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-deps -r "$folder/lowest.txt"
"$folder/venv/bin/pip" install --quiet --no-deps -e .
# plotly 6.0 warns of its own template, matplotlib 3.9 of a newer pyparsing.
"$folder/venv/bin/python" -m pytest -n 2 -q -p no:cacheprovider \
    -W "ignore:*scattermapbox* is deprecated:DeprecationWarning" \
    -W "ignore::DeprecationWarning:matplotlib._mathtext" \
    -W "ignore:'parseAll' argument is deprecated:DeprecationWarning" \
    -W "ignore::DeprecationWarning:matplotlib._fontconfig_pattern" tests/rnn tests/gradients tests/training tests/tasks \
    tests/run tests/inspection tests/test_golden.py tests/report/test_page.py "$@"
