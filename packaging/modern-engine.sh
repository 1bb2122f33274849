#!/bin/sh
# A current Docker engine (28 or newer, containerd image store) from Debian sid in a folder, beside the machine's own and apart from it:
# its own root file system, socket and data, no network. Prints the DOCKER_HOST to use.
#   sh packaging/modern-engine.sh start|stop     needs root; about a minute the first time, a second or two afterwards
# Everything is mounted inside a mount namespace of the engine's own: however it ends, nothing stays mounted.
set -eu
# shellcheck source=packaging/setup.sh
. "$(dirname "$0")/setup.sh"

work=${IMAGE_EXPLORER_MODERN_ENGINE:-/var/tmp/image-explorer-modern-engine}
root=$work/root
socket=$work/run/docker.sock
host=unix://$socket
START_SECONDS=60
STOP_SECONDS=20

# Processes whose root is our folder: dockerd, its containerd and whatever they left when one of them was killed
ours() {
  for link in /proc/[0-9]*/root; do
    # shellcheck disable=SC3013  # dash knows -ef, POSIX has it since 2024
    # by inode, for the path reads differently from another mount namespace
    if [ "$link/" -ef "$root" ]; then
      pid=${link#/proc/}
      echo "${pid%/root}"
    fi
  done
}

stop() {
  # shellcheck disable=SC2046  # a list of process ids
  kill $(ours) 2>/dev/null || true
  tries=$((STOP_SECONDS * 5))
  while [ -n "$(ours)" ] && [ $tries -gt 0 ]; do
    tries=$((tries - 1))
    sleep 0.2
  done
  # shellcheck disable=SC2046
  kill -9 $(ours) 2>/dev/null || true
  rm -rf "$work/run"
}

# The root file system, complete or not there: debootstrap works in a folder that is renamed at the end
build_root() {
  [ -x "$root/usr/sbin/dockerd" ] && return 0
  need_packages debootstrap debian-archive-keyring ca-certificates
  say "Fetching a current Docker engine from Debian sid (once, about a minute) …"
  rm -rf --one-file-system "$root.partial"
  unshare --mount debootstrap --variant=minbase --include=docker.io,docker-cli,docker-buildx,ca-certificates,iptables \
    sid "$root.partial" "${DEBIAN_MIRROR:-http://deb.debian.org/debian}" >"$work/debootstrap.log" 2>&1 || {
    tail -n 3 "$work/debootstrap.log" >&2
    fail "the engine's packages could not be fetched from Debian sid" "check the network or name a mirror: DEBIAN_MIRROR=http://… sh $0 start"
  }
  rm -rf "$root.partial/var/cache/apt/archives"
  mv "$root.partial" "$root"
}

start() {
  [ "$(id -u)" = 0 ] || fail "only root can start an engine" "run this as root"
  mkdir -p "$work"
  exec 9>"$work/lock"
  flock 9 # a second start waits for the first
  if answers "$host"; then
    echo "$host"
    return 0
  fi
  stop
  build_root
  mkdir -p "$work/run" "$work/data" "$root$work"
  # the folder is bound onto itself because runc wants "/" to be a mount point
  # shellcheck disable=SC2016  # expanded by the inner shell
  setsid unshare --mount --propagation private --pid --fork --kill-child sh -eu -c '
    root=$1 work=$2 host=$3
    mount --bind "$root" "$root"
    mount -t proc proc "$root/proc"
    for folder in sys dev; do mount --rbind "/$folder" "$root/$folder"; done
    mount --bind "$work" "$root$work"
    exec chroot "$root" dockerd --host "$host" --data-root "$work/data" --exec-root "$work/run/exec" \
      --pidfile "$work/run/docker.pid" --feature containerd-snapshotter=true --bridge none --iptables=false --ip6tables=false
  ' engine "$root" "$work" "$host" >"$work/dockerd.log" 2>&1 </dev/null 9>&- &
  pid=$!
  tries=$((START_SECONDS * 5))
  until answers "$host"; do
    tries=$((tries - 1))
    if [ $tries = 0 ] || ! kill -0 "$pid" 2>/dev/null; then
      tail -n 3 "$work/dockerd.log" >&2
      stop
      fail "the engine did not start within $START_SECONDS seconds" "its whole log is in $work/dockerd.log"
    fi
    sleep 0.2
  done
  echo "$host"
}

case ${1:-} in
  start) start ;;
  stop) stop ;;
  *) fail "what to do was not said" "sh $0 start, or: sh $0 stop" ;;
esac
