#!/bin/sh
# Sets up what is missing and runs every check and test: sh packaging/test.sh; "fast" leaves out what needs an engine or a window.
set -eu
cd "$(dirname "$0")/.."
. packaging/setup.sh
part=${1:-all}
case $part in all | fast) ;; *) fail "there is no part called $part" "sh packaging/test.sh runs everything, sh packaging/test.sh fast only the fast part" ;; esac

engine_dir=/var/tmp/image-explorer-engine
engine_pid=
modern_started=

# The machine's engine when one answers, otherwise one of our own that is stopped at the end
start_engine() {
  if answers "${DOCKER_HOST:-unix:///var/run/docker.sock}"; then return 0; fi
  command -v dockerd >/dev/null 2>&1 || need_packages docker.io
  say "No engine answers; starting one in $engine_dir …"
  mkdir -p "$engine_dir"
  setsid dockerd --host "unix://$engine_dir/docker.sock" --data-root "$engine_dir/data" --exec-root "$engine_dir/run" \
    --pidfile "$engine_dir/docker.pid" --bridge none --iptables=false --ip6tables=false >"$engine_dir/dockerd.log" 2>&1 </dev/null &
  engine_pid=$!
  tries=60
  until answers "unix://$engine_dir/docker.sock"; do
    tries=$((tries - 1))
    if [ $tries = 0 ] || ! kill -0 "$engine_pid" 2>/dev/null; then
      grep -E 'level=(error|fatal)|failed' "$engine_dir/dockerd.log" | tail -n 2 >&2
      engine_pid=
      return 1
    fi
    sleep 0.5
  done
  export DOCKER_HOST="unix://$engine_dir/docker.sock"
}

stop_engines() {
  status=$?
  trap - EXIT INT TERM
  if [ -n "$engine_pid" ]; then
    kill "$engine_pid" 2>/dev/null || true
    wait "$engine_pid" 2>/dev/null || true
  fi
  [ -z "$modern_started" ] || sh packaging/modern-engine.sh stop
  rm -f "$SETUP_LOG"
  exit "$status"
}
trap stop_engines EXIT
trap 'exit 130' INT TERM

# shellcheck disable=SC2086  # lists of names
need_packages $QT_PACKAGES $FONT_PACKAGE desktop-file-utils appstream
need_environment dev
failed=

check() {
  say "== $*"
  "$@" || failed="$failed $(basename "$1")"
}
check .venv/bin/ruff check --quiet .
check .venv/bin/ruff format --check --quiet .
check .venv/bin/mypy
check .venv/bin/lint-imports --no-logo

pytest() {
  say "== pytest $*"
  .venv/bin/python -m pytest -q "$@" || failed="$failed pytest"
}
export QT_QPA_PLATFORM="${QT_QPA_PLATFORM:-offscreen}"
fast="not engine and not gui and not slow and not screenshot"
summary() { [ -z "$failed" ] || say "== failed so far:$failed"; }

if [ "$part" = fast ]; then
  summary
  pytest -n 2 -m "$fast"
else
  pytest -n 2 -m "$fast"
  # archives written by other tools, a screen for the tests that need a real one, a compiler for programs that use C, a network
  # for measured containers and a server for what they export; a registry, a server for ssh, a browser and a reader of PDF for
  # reports; and a current engine beside the machine's own
  need_packages skopeo podman buildah xvfb x11-utils gcc libc6-dev iproute2 openssl tzdata prometheus \
    docker-registry openssh-server openssh-client chromium poppler-utils
  pytest -n 2 -m "not ($fast) and not engine"
  with_engine=yes
  if ! start_engine; then
    say "No engine can run on this machine (its last words are above): the tests marked engine are left out."
    with_engine=
  elif [ -z "${MODERN_DOCKER_HOST:-}" ]; then
    if MODERN_DOCKER_HOST=$(sh packaging/modern-engine.sh start); then
      modern_started=yes
      export MODERN_DOCKER_HOST
    else
      failed="$failed modern-engine"
    fi
  fi
  summary
  # one after the other: they look at what the engine holds before and after
  [ -z "$with_engine" ] || pytest -m engine
fi

[ -z "$failed" ] || exit 1
