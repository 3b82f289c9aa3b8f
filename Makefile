# SPDX-License-Identifier: Apache-2.0
# `make demo` and `make test` are all a fresh machine needs; see `make help`.

VENV := .venv
BIN := $(VENV)/bin
BUILD_INPUTS := CMakeLists.txt package.xml setup.py pyproject.toml $(wildcard cmake/* msg/*.msg)
# The first interpreter that fits; another one: make PYTHON=/path/to/python setup
FITS := -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null
PYTHON ?= $(shell for p in python3 python3.12 python3.11 python3.10; do \
	$$p $(FITS) && echo $$p && break; done)
PIP = $(BIN)/python -m pip --disable-pip-version-check
INSTALL = $(PIP) install --progress-bar on $(PIP_ARGS)
# What to install: files whose hashes are known, or by version alone (LOCKED=no).
packages = $(if $(filter no,$(LOCKED)),$(2),--require-hashes -r requirements/lock/$(1).txt)
TOOLS := .venv-tools
VLA := .venv-vla
VLA_INSTALL = $(VLA)/bin/python -m pip --disable-pip-version-check install --progress-bar on $(PIP_ARGS)
JAZZY := .venv-jazzy
JAZZY_PYTHON = $(abspath $(JAZZY))/bin/python
JAZZY_INSTALL = $(JAZZY_PYTHON) -m pip --disable-pip-version-check install --progress-bar on $(PIP_ARGS)
# What has to do with ROS; all of it: make test-jazzy JAZZY_TESTS=test
JAZZY_TESTS := test/ros test/cameras test/bags test/datasets test/demo test/doctor test/package/test_messages.py
COLCON_DIR := $(CURDIR)/build/colcon

.DEFAULT_GOAL := help
.PHONY: help setup demo test check test-vla test-jazzy jazzy-tree lint colcon lock licences sbom clean

help:
	@echo 'make demo    a LIBERO episode unsteered and steered, over ROS 2; writes a video'
	@echo 'make test    all tests'
	@echo 'make check   those of the core only, without ROS and simulator: a minute or two'
	@echo 'make lint    ruff (rules and format) and mypy'
	@echo 'make setup   only what the others do first: system packages and $(VENV)'
	@echo 'make test-vla  LeRobot'"'"'s own SmolVLA behind our interface, in $(VLA) of its own, 2 GB'
	@echo 'make test-jazzy  the tests that need ROS on ROS 2 Jazzy, in $(JAZZY) of its own, 3.4 GB'
	@echo 'make colcon  build with colcon as on a ROS 2 workstation, and import the messages'
	@echo 'make sbom    a bill of materials of $(VENV) (CycloneDX), build/sbom.cdx.json'
	@echo 'make lock, make licences  write requirements/lock/ and docs/licences.md anew'
	@echo 'make clean   remove $(VENV), $(VLA), $(JAZZY) and everything that was built'
	@echo
	@echo 'Variables:'
	@echo '  ARGS="..."        further arguments of frs demo or pytest'
	@echo '  PYTHON=...        interpreter for $(VENV), 3.10 to 3.12 (found: $(or $(PYTHON),none))'
	@echo '  PIP_ARGS="..."    further arguments of every pip install, such as an index'
	@echo '  TORCH_ARGS="..."  further arguments of the installation of torch only. The plain PyPI'
	@echo '                    wheel for Linux brings CUDA, several GB; to take the one for the CPU,'
	@echo '                    name its index here: TORCH_ARGS="--index-url URL"'
	@echo '  LOCKED=no         install by version, without the hashes of requirements/lock/: for an'
	@echo '                    index that builds its own files; torch is always without'

setup: $(VENV)/.built

# A target of its own: what it installs, such as python3, is found by the next one.
$(VENV)/.system: requirements/system.sh
	@sh requirements/system.sh '$(or $(PYTHON),python3)'
	@mkdir -p $(VENV) && touch $@

# Environment with everything but our own package.
$(VENV)/.installed: $(VENV)/.system $(wildcard requirements/*.txt requirements/lock/*.txt)
	@$(or $(PYTHON),false) $(FITS) || { echo 'frs_ros needs Python 3.10, 3.11 or 3.12, found' \
		"$$($(or $(PYTHON),python3) -V 2>&1). Name one: make PYTHON=/path/to/python3.12" >&2; \
		exit 1; }
	@echo '== $(VENV): installing pinned packages: 3.4 GB, more with CUDA (make help) =='
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(INSTALL) $(call packages,pip,-c requirements/constraints.txt pip)
	$(INSTALL) $(call packages,all,-c requirements/constraints.txt \
		$(foreach f,core ros sim robot dev,-r requirements/$(f).txt))
	$(INSTALL) $(TORCH_ARGS) -c requirements/constraints.txt -r requirements/learn.txt
	$(INSTALL) --no-deps $(call packages,no_deps,-c requirements/constraints.txt \
		-r requirements/sim_no_deps.txt)
	@touch $@

# Our own package: modules stay in the source tree, messages are compiled.
$(VENV)/.built: $(VENV)/.installed $(BUILD_INPUTS)
	@echo '== frs_ros: building the messages, about half a minute =='
	$(PIP) install --no-build-isolation --no-deps --no-index --editable .
	@# in the place of pip's own, which ends in a traceback at Ctrl-C in its first moments
	@install -m 755 build/pip/install/bin/frs $(BIN)/frs
	@touch $@

demo: setup
	$(BIN)/frs demo $(ARGS)

test: setup
	$(BIN)/python -m pytest $(ARGS)

# What can be said in a minute or two: the core, without ROS, simulator and trainings.
CHECKED := flow messages arm guidance safety steering serving package files
check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m pytest $(addprefix test/,$(CHECKED)) -m 'not slow' $(ARGS)

# LeRobot needs other releases than we do: an environment of its own. Not part of CI.
test-vla: $(VLA)/.installed
	$(VLA)/bin/python -m pytest test/vla $(ARGS)

$(VLA)/.installed: test/vla/requirements.txt test/vla/constraints.txt
	@$(or $(PYTHON),false) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' \
		|| { echo 'LeRobot here needs Python 3.11 or 3.12: make PYTHON=... test-vla' >&2; exit 1; }
	@echo '== $(VLA): installing LeRobot and what it imports: 2 GB, more with CUDA =='
	test -x $(VLA)/bin/python || $(PYTHON) -m venv $(VLA)
	$(VLA_INSTALL) $(TORCH_ARGS) -c test/vla/constraints.txt torch torchvision
	$(VLA_INSTALL) -c test/vla/constraints.txt -r test/vla/requirements.txt
	$(VLA_INSTALL) --no-deps -c test/vla/constraints.txt lerobot
	@touch $@

# ROS 2 Jazzy, from wheels as well: all other packages are those of $(VENV). Not part of CI; run it
# before a release. The messages of an editable install lie in the source tree, and there are
# those of $(VENV): so this one is of a copy.
test-jazzy: $(JAZZY)/.built
	cd build/jazzy && $(JAZZY_PYTHON) -m pytest $(JAZZY_TESTS) $(ARGS)

$(JAZZY)/.built: $(JAZZY)/.installed $(BUILD_INPUTS) | jazzy-tree
	cd build/jazzy && $(JAZZY_PYTHON) -m pip --disable-pip-version-check install \
		--no-build-isolation --no-deps --no-index --editable .
	@touch $@

# The working tree as it is now, without what is ignored; what was built in the copy stays.
jazzy-tree:
	@mkdir -p build/jazzy
	@find build/jazzy -type f ! -name '*.so' ! -path 'build/jazzy/frs_ros/msg/*' \
		! -path 'build/jazzy/build/*' ! -path '*.egg-info/*' -delete
	@git ls-files -z --cached --others --exclude-standard \
		| tar -c --null --files-from - --ignore-failed-read | tar -x -C build/jazzy

$(JAZZY)/.installed: requirements/jazzy.txt $(wildcard requirements/*.txt)
	@sh requirements/system.sh '$(or $(PYTHON),python3)'
	@$(or $(PYTHON),false) $(FITS) || { echo 'frs_ros needs Python 3.10, 3.11 or 3.12' >&2; exit 1; }
	@echo '== $(JAZZY): installing pinned packages: 3.4 GB, more with CUDA (make help) =='
	test -x $(JAZZY_PYTHON) || $(PYTHON) -m venv $(JAZZY)
	sed '/^ros-/d' requirements/constraints.txt > $(JAZZY)/constraints.txt
	$(JAZZY_INSTALL) $(TORCH_ARGS) -c $(JAZZY)/constraints.txt -r requirements/learn.txt
	sed '/^ros-/d' requirements/dev.txt > $(JAZZY)/dev.txt
	$(JAZZY_INSTALL) -c $(JAZZY)/constraints.txt -r requirements/jazzy.txt catkin-pkg setuptools \
		wheel -r requirements/core.txt -r requirements/sim.txt -r requirements/robot.txt \
		-r $(JAZZY)/dev.txt
	$(JAZZY_INSTALL) --no-deps -r requirements/sim_no_deps.txt
	@touch $@

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Build settings differ from those of a workstation only because ROS 2 lies in the environment.
colcon: setup
	@echo '== colcon build, into $(COLCON_DIR) =='
	AMENT_PREFIX_PATH=$(abspath $(VENV)) CMAKE_PREFIX_PATH=$(abspath $(VENV)) \
		$(BIN)/colcon --log-base $(COLCON_DIR)/log build --base-paths . \
		--build-base $(COLCON_DIR)/build --install-base $(COLCON_DIR)/install --cmake-args -GNinja \
		-DPython3_EXECUTABLE=$(abspath $(BIN))/python -DBUILD_TESTING=OFF \
		-DCMAKE_PROJECT_frs_ros_INCLUDE=$(CURDIR)/cmake/wheels_fix.cmake
	@. $(COLCON_DIR)/install/setup.sh && cd / && $(abspath $(BIN))/python -c 'import frs_ros.msg as m; \
		print("messages of", m.__file__, *[n for n in dir(m) if n[0].isupper()], sep="\n  ")'

# After a change of requirements/*.txt: resolves all versions of Python, and writes the hashes.
lock: $(TOOLS)/.installed
	sh requirements/lock.sh $(abspath $(TOOLS))/bin/uv

licences: setup $(TOOLS)/.installed
	sh requirements/licences.sh $(TOOLS)/bin/pip-licenses $(BIN)/python >docs/licences.md

sbom: setup $(TOOLS)/.installed
	@mkdir -p build
	$(TOOLS)/bin/cyclonedx-py environment --output-reproducible --pyproject pyproject.toml \
		--output-format JSON --output-file build/sbom.cdx.json $(BIN)/python
	@echo 'written: build/sbom.cdx.json'

$(TOOLS)/.installed: requirements/lock/tools.txt requirements/lock/pip.txt
	test -x $(TOOLS)/bin/python || $(PYTHON) -m venv $(TOOLS)
	$(TOOLS)/bin/python -m pip --disable-pip-version-check install $(PIP_ARGS) \
		$(call packages,pip,-c requirements/constraints.txt pip)
	$(TOOLS)/bin/python -m pip --disable-pip-version-check install $(PIP_ARGS) \
		$(call packages,tools,-c requirements/constraints.txt -r requirements/tools.txt)
	@touch $@

clean:
	rm -rf $(VENV) $(VLA) $(TOOLS) $(JAZZY) build frs_ros/msg frs_ros/*.so frs_ros.egg-info
