#!/bin/sh
# Sets up what is missing and opens the window: sh packaging/run.sh [IMAGE …]. Where no engine answers and no image is
# named, it opens the recorded demo. Without a screen the result is printed instead.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
caller=$(pwd)
cd "$here"
. packaging/setup.sh

# shellcheck disable=SC2086  # lists of names
need_packages $QT_PACKAGES $FONT_PACKAGE
need_environment runtime

rm -f "$SETUP_LOG"
cd "$caller" # file names among the arguments are the caller's
if [ $# -eq 0 ] && ! "$here/.venv/bin/image-explorer" list >/dev/null 2>&1; then
    set -- demo
fi
exec "$here/.venv/bin/image-explorer" "$@"
