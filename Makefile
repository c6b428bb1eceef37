# make demo   set everything up and open the page
# make test   set everything up and run the linter, the type checker and the tests
# make lab    compile the kernels of the live lab anew; needs clang and lld (apt-get install clang lld)
# make site   write the page as files for any static host to build/site, which needs no server
# make lock   resolve requirements.txt anew and write the versions that `make demo` installs
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

NODE := PATH="$(CURDIR)/$(BIN):$$PATH" npm

LAB := dbce/web/lab
KERNELS ?= $(LAB)/kernels.wasm

.PHONY: demo test lint lab site lock browser clean format

demo: $(VENV)/.demo
	$(BIN)/python app.py

test: lint browser
	$(NODE) test
	$(BIN)/python -m pytest -m "not browser" -n auto --dist worksteal
	$(BIN)/python -m pytest -m browser -n 2 --dist worksteal --basetemp "$$(mktemp -d)"

lint: $(VENV)/.dev node_modules/.stamp
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(NODE) run lint

site: $(VENV)/.dev node_modules/.stamp
	rm -rf build/site
	$(BIN)/python -m dbce site -o build/site

format: node_modules/.stamp
	$(NODE) run format

clean:
	rm -rf $(VENV) node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .gradio build *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# a stamp marks that pip was asked since the lists last changed
$(VENV)/.demo: requirements.txt requirements.lock | $(BIN)/python
	$(BIN)/python -m pip install --disable-pip-version-check -r requirements.txt -c requirements.lock
	touch $@

$(VENV)/.dev: requirements.txt requirements-dev.txt | $(BIN)/python
	$(BIN)/python -m pip install --disable-pip-version-check -r requirements-dev.txt
	touch $@ $(VENV)/.demo

# what checks the page's JavaScript; Node itself is one of Python's development requirements
node_modules/.stamp: package.json package-lock.json | $(VENV)/.dev
	$(NODE) ci --no-fund --no-audit
	touch $@

# no fused, relaxed or reordered arithmetic: every compiler and every browser gets the same bits
lab:
	clang --target=wasm32 -O3 -msimd128 -mbulk-memory -ffp-contract=off -ffreestanding -nostdlib -Wall -Wextra -Werror \
		-Wl,--no-entry,--import-memory,--export-dynamic,--export=__heap_base,--stack-first,-z,stack-size=65536 \
		-Wl,--strip-debug -o $(KERNELS) $(LAB)/layers.c $(LAB)/objective.c
	chmod -x $(KERNELS)

# every Python from 3.10 on; torch and what comes with it is left free, because ZeroGPU, CPUs and GPUs want their own
lock: | $(BIN)/python
	$(BIN)/python -m pip install --disable-pip-version-check uv
	$(BIN)/uv pip compile requirements.txt --universal --python-version 3.10 --no-header --no-annotate \
		--upgrade --quiet --output-file $(VENV)/resolved.txt
	grep -vE '^(torch|torchvision|triton|nvidia-[a-z0-9-]+|cuda-[a-z0-9-]+)==|^-' $(VENV)/resolved.txt > requirements.lock

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "dbce needs Python 3.10 or later: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

# a sentence, no error: the browser tests themselves decide what to do without one
browser: $(VENV)/.dev
	@command -v chromium >/dev/null || $(BIN)/python -c "import os, playwright.sync_api as p; \
	c = p.sync_playwright().start(); found = os.path.exists(c.chromium.executable_path); c.stop(); \
	found or print('No Chromium was found, which the browser tests need: run', \
	'\"apt-get install chromium\" or \"$(BIN)/python -m playwright install chromium\".')"
