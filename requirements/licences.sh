#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Prints docs/licences.md: what the metadata of the installed packages say.
# Usage: licences.sh PIP_LICENSES PYTHON
set -eu
cat <<'END'
# Licences

What `make setup` installs, as the packages' own metadata say (`make licences` writes this page, `make sbom` a bill of
materials). UNKNOWN is what says nothing there: the wheels of ROS 2, which have it in `.venv/share/*/package.xml`
(Apache-2.0, parts MIT, zlib or BSD), and bddl and robosuite, which bring a LICENSE file (MIT).

END
"$1" --python="$2" --from=mixed --format=markdown --ignore-packages frs-ros pip
