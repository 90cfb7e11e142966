# From a bare machine to the course: `make lab` to learn, `make test` to see that everything works.
# Plain make and sh only: macOS ships GNU make 3.81, which has no .ONESHELL and no != assignment.

PYTHON ?= python3
# The pinned TensorFlow has wheels for these Pythons and no others.
PYTHONS = 3.11 3.12 3.13
CELL_TIMEOUT = 120
# How many processes share the tests. Each takes up to 1.7 GB of memory: with four cores and 16 GB, make test WORKERS=4.
WORKERS = 2

# Settings of other work would reach into the course: MPLBACKEND silences the figures, the others mix in packages.
unexport MPLBACKEND PIP_USER PYTHONHOME PYTHONPATH

# Tests and stored outputs are made alike on every machine: no network, no GPU, TensorFlow quiet and rounding alike.
# One thread for each process, too: on shared cores, threads that wait for each other cost half as much again.
test test-all lessons: export LRP_EDU_OFFLINE = 1
test test-all lessons: export CUDA_VISIBLE_DEVICES = -1
test test-all lessons: export TF_ENABLE_ONEDNN_OPTS = 0
test test-all lessons: export TF_CPP_MIN_LOG_LEVEL = 3
test test-all lessons: export OMP_NUM_THREADS = 1
test test-all lessons: export TF_NUM_INTRAOP_THREADS = 1
test test-all lessons: export TF_NUM_INTEROP_THREADS = 1
# A progress bar is no output to compare. (make lessons switches it off in the lessons only, and shows its own.)
test test-all: export TQDM_DISABLE = 1

.PHONY: help lab test test-all lessons pins clean

help:  ## show these lines
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile
	@echo "Another Python than python3: make lab PYTHON=python3.12 (after make clean, if .venv exists)"

lab: .venv/lab.stamp  ## open the course in JupyterLab; the first time it installs itself into .venv
	@.venv/bin/lrp-edu lab

test: .venv/test.stamp  ## check the code, its types, the tests and every lesson
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/pytest tests --numprocesses=$(WORKERS) --dist=worksteal
	.venv/bin/pytest --nbval --nbval-current-env --nbval-cell-timeout=$(CELL_TIMEOUT) \
		--numprocesses=$(WORKERS) --dist=loadfile solutions

test-all: test  ## the same, and all damaged submissions and every answer of the bank through the grader
	.venv/bin/pytest tests -m slow

lessons: .venv/test.stamp  ## execute solutions/, store their outputs, write notebooks/ from them
	.venv/bin/python -m lrp_edu.classroom.execute
	.venv/bin/lrp-edu release

# --universal: one file for every system and Python; --python-version: the oldest of them.
compile = .venv/bin/uv pip compile --upgrade --universal --python-version 3.11 --fork-strategy fewest \
	--no-annotate --no-header --quiet pyproject.toml

pins: .venv/test.stamp  ## renew the pinned versions in binder/ and tests/requirements.txt
	$(compile) --extra lab --extra tensorflow --output-file binder/requirements.txt
	$(compile) --extra test --constraint binder/requirements.txt --output-file tests/requirements.txt

clean:  ## remove .venv, to begin afresh
	rm -rf .venv

# What follows sets up .venv. A stamp is written only after its step succeeded, so a failed step is done again.
# Each foreseeable failure is told in one sentence; what pip has to say about it waits in .venv/install.log.

again = then run: make $(MAKECMDGOALS)

.venv/bin/python:
	@version=$$("$(PYTHON)" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null); \
	case " $(PYTHONS) " in \
	*" $${version%.*} "*) ;; \
	*) if [ -z "$$version" ]; \
		then echo "No Python answers to the name $(PYTHON), and the course needs one of $(PYTHONS):" \
			"install one, $(again) PYTHON=python$(lastword $(PYTHONS))"; \
		else echo "$(PYTHON) is Python $$version, and the course needs one of $(PYTHONS), for which its pinned" \
			"TensorFlow is made: install one, $(again) PYTHON=python$(lastword $(PYTHONS))"; \
		fi >&2; exit 1;; \
	esac; \
	"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) (Python $$version) comes without the modules venv and ensurepip, and the course needs both" \
			"to make .venv: on Debian or Ubuntu sudo apt install python$${version%.*}-venv, $(again)" >&2; exit 1; }; \
	"$(PYTHON)" -m venv --clear .venv || { rm -rf .venv; exit 1; }

install = .venv/bin/python -m pip install --disable-pip-version-check

explain = { \
	if grep -q 'No space left' .venv/install.log; \
	then echo "The disk is full, and the course needs about 3 GB for .venv: make room, $(again)"; \
	elif grep -v '^ *WARNING' .venv/install.log | grep -q -E \
		'from versions: none|ConnectionPool|Connection(Reset)?Error|[Tt]imed out|IncompleteRead|incomplete-download'; \
	then echo "No package index could be reached, and the course needs one to install itself (pip's own words are in" \
		".venv/install.log): connect to the network or set up pip for your proxy, $(again)"; \
	else echo "pip could not install the pinned packages, which exist for 64-bit Linux, Windows and macOS on Apple" \
		"silicon: take the course on Binder if this is another machine, or mend what .venv/install.log names, $(again)"; \
	fi >&2; exit 1; }

.venv/lab.stamp: .venv/bin/python binder/requirements.txt binder/overrides.json pyproject.toml
	@echo "Installing the course into .venv: the first time some minutes and about 3 GB."
	@$(install) -r binder/requirements.txt 2>.venv/install.log || $(explain)
	@$(install) --no-deps --no-build-isolation --editable . 2>.venv/install.log || $(explain)
	@# The question whether Jupyter may send news should not be the first thing a learner reads.
	@.venv/bin/jupyter labextension disable --level=sys_prefix "@jupyterlab/apputils-extension:announcements" \
		2>>.venv/install.log
	@# A link to a Markdown file shall show it typeset; JupyterLab by itself opens it as text.
	@mkdir -p .venv/share/jupyter/lab/settings && cp binder/overrides.json .venv/share/jupyter/lab/settings/
	@touch $@

.venv/test.stamp: .venv/lab.stamp tests/requirements.txt
	@echo "Installing what the tests need into .venv."
	@$(install) -r tests/requirements.txt 2>.venv/install.log || $(explain)
	@touch $@
