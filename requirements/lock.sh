#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Writes requirements/lock/*.txt: every package that `make setup` installs, with the hashes of all
# its files on PyPI, for Python 3.10 to 3.12 at once. Run it after a change of requirements/*.txt.
# Usage: lock.sh UV
set -eu
uv=$1
cd "$(dirname "$0")"
resolved=$(mktemp)
trap 'rm -f "$resolved"' EXIT

lock() {  # lock NAME OPTION...: without what belongs to a build of torch, which has its own index
    name=$1
    shift
    "$uv" pip compile --quiet --universal --python-version 3.10 --generate-hashes --no-header \
        --no-annotate -c constraints.txt "$@" >"$resolved"
    {
        echo '# Written by `make lock`; do not edit.'
        awk '/^[^ ]/ { keep = !/^(torch|triton|nvidia-|cuda-)/ } keep' "$resolved"
    } >"lock/$name"
}

printf 'pip\n' | lock pip.txt -
lock all.txt core.txt learn.txt ros.txt sim.txt robot.txt dev.txt
lock no_deps.txt --no-deps sim_no_deps.txt
lock tools.txt tools.txt
