# shellcheck shell=sh
# Shared by run.sh and test.sh (sourced): Debian packages and the virtual environment, each only when missing.

# shellcheck disable=SC2034  # the scripts that source this file use it
# Qt's libraries for windows under X11 and for the offscreen platform
QT_PACKAGES="libglib2.0-0 libegl1 libgl1 libdbus-1-3 libfontconfig1 libxkbcommon0
  libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0"
# without it Chinese texts are boxes
# shellcheck disable=SC2034  # same
FONT_PACKAGE=fonts-wqy-microhei
SETUP_LOG=${TMPDIR:-/tmp}/image-explorer-setup.$$.log
trap 'rm -f "$SETUP_LOG"' EXIT

say() { printf '%s\n' "$*" >&2; }

# fail WHAT HINT: the same two lines as the program's own errors
fail() {
  say "error: $1"
  say "hint: $2"
  exit 2
}

installed() {
  for name in "$1" "${1}t64"; do # newer releases renamed some libraries
    case $(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null) in installed) return 0 ;; esac
  done
  return 1
}

# need_packages NAME...: installs those that are missing
need_packages() {
  missing=
  if ! command -v dpkg-query >/dev/null 2>&1; then
    say "This is not Debian: make sure that the equivalents of these are installed: $*"
    return 0
  fi
  for package in "$@"; do
    installed "$package" || missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  [ "$(id -u)" = 0 ] || fail "these Debian packages are missing:$missing" "run as root: apt-get install --no-install-recommends$missing"
  say "Installing Debian packages:$missing"
  export DEBIAN_FRONTEND=noninteractive
  # the lists of a fresh machine are empty or old; those of this one may be good enough when no mirror answers
  apt-get update -qq >"$SETUP_LOG" 2>&1 || say "apt-get update did not succeed; trying with the package lists at hand."
  # shellcheck disable=SC2086  # a list of names
  apt-get install -y -qq --no-install-recommends $missing >>"$SETUP_LOG" 2>&1 || {
    grep -E "^(E|W|Err)[: ]" "$SETUP_LOG" | uniq | tail -n 5 >&2
    fail "apt-get could not install:$missing" "check the network and /etc/apt/sources.list, then run this command again; what is installed stays"
  }
}

find_python() {
  for python in ${PYTHON:-} python3 python3.13 python3.12 python3.11; do
    if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      PYTHON=$python
      return 0
    fi
  done
  fail "no Python 3.11 or newer was found" "install it (Debian 12: apt-get install python3), or name one: PYTHON=/path/to/python3 sh $0"
}

# answers HOST: true when an engine answers there (DOCKER_HOST form; only sockets are asked, other forms are believed)
answers() {
  case $1 in unix://*) ;; *) return 0 ;; esac
  python3 - "${1#unix://}" <<'END' 2>/dev/null
import socket, sys
with socket.socket(socket.AF_UNIX) as link:
    link.settimeout(3)
    link.connect(sys.argv[1])
    link.sendall(b"GET /_ping HTTP/1.0\r\nHost: engine\r\n\r\n")
    sys.exit(b" 200 " not in link.recv(64))
END
}

# need_environment runtime|dev: .venv with exactly the locked packages; made anew when the lock or Python changed
need_environment() {
  exec 8<packaging # a second set-up in the same folder waits for the first
  ! command -v flock >/dev/null 2>&1 || flock 8
  make_environment "$1"
  exec 8<&-
}

make_environment() {
  find_python
  "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null || need_packages python3-venv
  runtime="runtime $(sha256sum <packaging/requirements.lock) $("$PYTHON" -V)"
  dev="dev $(sha256sum <packaging/requirements-dev.lock) $("$PYTHON" -V)"
  case $1 in runtime) wanted=$runtime lock=requirements.lock ;; *) wanted=$dev lock=requirements-dev.lock ;; esac
  stamp=.venv/image-explorer.stamp
  if grep -qxF "$wanted" "$stamp" 2>/dev/null && .venv/bin/python -c 'import explorer' 2>/dev/null; then return 0; fi
  if ! grep -qxF "$runtime" "$stamp" 2>/dev/null; then
    say "Making the Python environment .venv …"
    rm -rf .venv
    "$PYTHON" -m venv .venv >"$SETUP_LOG" 2>&1 || {
      tail -n 3 "$SETUP_LOG" >&2
      fail "the virtual environment .venv could not be made" "Debian: apt-get install python3-venv; also check that this folder can be written and has 1 GB free"
    }
  fi
  say "Installing the locked Python packages ($lock) …"
  install_with_pip --no-deps --require-hashes -r "packaging/$lock"
  install_with_pip --no-deps --no-build-isolation --no-index --editable .
  # written last: a set-up that was interrupted starts over
  { printf '%s\n' "$runtime"; [ "$1" = runtime ] || printf '%s\n' "$dev"; } >"$stamp"
}

install_with_pip() {
  .venv/bin/python -m pip install --quiet --disable-pip-version-check "$@" >"$SETUP_LOG" 2>&1 || {
    grep -i -E 'error|hash|could not|no space' "$SETUP_LOG" | tail -n 5 >&2
    fail "pip could not install the Python packages" "check the network (pip needs pypi.org or the mirror in its configuration) and the free space, then run this command again"
  }
}
