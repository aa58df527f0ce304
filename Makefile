# make run: everything set up in .venv, then the server. make test: what CI runs.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
READY_DEV := .venv/.ready-dev

.PHONY: run setup test lint bench browser clean

run: setup
	$(BIN)/python -m streamer serve $(ARGS)

setup: $(READY)

$(READY): requirements.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

$(READY_DEV): $(READY) requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

test: $(READY_DEV) browser
	$(BIN)/python -m pytest $(ARGS)

# The browser tests drive a real Chromium: from Debian's packages where root may install them, else one that is on the machine; else they are skipped.
browser:
	@command -v chromium chromium-browser google-chrome chrome >/dev/null 2>&1 || \
	  { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 && apt-get update -qq && apt-get install -y -qq chromium >/dev/null; } || \
	  echo "no Chromium: the browser tests are skipped"

lint: $(READY_DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m tests.audit

# The pipeline alone, its reading of the person beside BlazePose (where mediapipe is installed), what sessions leave behind in the server,
# and glass to glass in a real Chromium.
bench: $(READY_DEV) browser
	$(BIN)/python -m streamer bench
	$(BIN)/python -m tests.blazepose
	$(BIN)/python -m tests.soak
	$(BIN)/python -m tests.latency

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache
