#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Finds the system libraries and tools that pip cannot bring; names them as Debian and Ubuntu do.
# As root it installs what is missing, otherwise it says what to run and ends with status 1.
# Usage: system.sh PYTHON   (the interpreter that the virtual environment will be made from)
set -eu
python=${1:-python3}
missing=''

need() {  # need PACKAGE COMMAND...: the package is missing if the command fails
    package=$1
    shift
    if ! "$@" >/dev/null 2>&1; then missing="$missing $package"; fi
}

library() {  # whether the dynamic linker finds a library
    PATH="$PATH:/sbin:/usr/sbin" ldconfig -p | grep -q "$1"
}

dri_drivers() {  # the software renderer of EGL, where old and new Mesa keep it
    ls /usr/lib/*/dri/swrast_dri.so /usr/lib/*/libgallium-*.so 2>/dev/null | grep -q .
}

python_headers() {
    "$python" -c 'import os, sysconfig as s
raise SystemExit(not os.path.exists(os.path.join(s.get_paths()["include"], "Python.h")))'
}

need python3 command -v "$python"
need python3-venv "$python" -c 'import ensurepip, venv'  # to make .venv
need python3-dev python_headers                          # to build the messages
need cmake command -v cmake
need ninja-build command -v ninja
need g++ command -v c++
need libosmesa6 library libOSMesa.so                     # rendering on the CPU
need libegl1 library libEGL.so.1                         # rendering on a GPU without a display
need libgl1 library libGL.so.1
need libgles2 library libGLESv2.so.2
need libgl1-mesa-dri dri_drivers
need libglib2.0-0 library libglib-2.0.so.0               # OpenCV
need libusb-1.0-0 library libusb-1.0.so.0                # import of pyrealsense2
# Not here: libhidapi-hidraw0, which only a SpaceMouse needs; `frs doctor` tells.

if [ -z "$missing" ]; then
    echo 'system packages: all there'
    exit 0
fi
echo "system packages missing:$missing"
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "Install them, then run make again:  sudo apt-get install$missing" >&2
    exit 1
fi
echo 'installing them with apt-get'
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
# shellcheck disable=SC2086  # a list of words
apt-get -qq install -y --no-install-recommends $missing
