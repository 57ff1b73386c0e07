# shellcheck shell=bash
# What the other tools share. Sourced, never run.

root_dir=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)

say() { printf '== %s\n' "$*" >&2; }

die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# Compiling against LibTorch takes up to 2 GiB a job, so memory limits the jobs as cores do.
build_jobs() {
  local cores memory_gib
  cores=$(nproc)
  memory_gib=$(awk '/^MemAvailable:/ { print int($2 / 1048576) }' /proc/meminfo)
  local jobs=$((memory_gib / 2))
  ((jobs < 1)) && jobs=1
  echo $((jobs < cores ? jobs : cores))
}

# Under sudo the packages are root's, but everything below build/ belongs to the person who called sudo.
leave_sudo() {
  if [[ $(id -u) == 0 && ${SUDO_UID:-0} != 0 ]]; then
    exec sudo -u "#$SUDO_UID" -- "$0" "$@"
  fi
}

# configure_and_build PRESET
configure_and_build() {
  say "building preset '$1' in build/$1"
  (
    cd -- "$root_dir" || exit
    # A clone that was moved or copied brings a cache that names the old folder; CMake refuses it.
    local cache="build/$1/CMakeCache.txt"
    if [[ -f $cache ]] && ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root_dir" "$cache"; then
      rm -rf -- "build/$1"
    fi
    cmake --preset "$1" -Wno-dev --no-warn-unused-cli >&2
    cmake --build --preset "$1" --parallel "$(build_jobs)" >&2
  )
}
