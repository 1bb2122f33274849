#!/bin/sh
# Writes both lock files anew from pyproject.toml (newest releases that fit), with hashes; run after a dependency changed.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet uv
# the build tools are locked too, so that installing the checkout fetches nothing that is not
python3 -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' >"$work/build.txt"
# nothing of this machine may enter the lock: no index, no folder of wheels
unset PIP_FIND_LINKS PIP_INDEX_URL PIP_EXTRA_INDEX_URL UV_FIND_LINKS UV_INDEX_URL UV_INDEX UV_DEFAULT_INDEX
compile() {
  "$work/venv/bin/uv" --no-config pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest \
    --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header --upgrade \
    pyproject.toml "$work/build.txt" "$@"
}
compile --output-file packaging/requirements.lock
compile --extra dev --constraint packaging/requirements.lock --output-file packaging/requirements-dev.lock
