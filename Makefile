# make demo   sets itself up and shows the whole way from sound to desk
# make test   sets itself up and runs every check
# make torture | fuzz | audit | bench | words | lock | train | train-test

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
CATALOGUE := edge/locale/zh_CN/LC_MESSAGES/xiaoan.po

SOUND := libportaudio2 espeak-ng
BROKER_AND_SOUND_SERVER := mosquitto pulseaudio pulseaudio-utils libasound2-plugins
TO_WATCH_THEM := strace systemd
BROWSER := chromium

.PHONY: demo test torture fuzz audit bench words lock train train-test

demo: $(VENV)/installed-demo
	@$(BIN)/xiaoan demo

test: $(VENV)/installed-test
	@$(BIN)/pybabel --quiet compile --domain xiaoan --directory edge/locale
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest

# 10,000 alerts while terminal, broker, network, disk, clock, login and desk fail at random; then each fault of the microphone by the clock,
# eight hours each of rooms in which nothing is wrong, a capture child that dies 500 times, and a day at 60 times its speed. An hour and more.
torture: $(VENV)/installed-test
	@nice $(BIN)/python -u -m tests.torture
	@nice $(BIN)/python -m tests.system.microphone
	@nice $(BIN)/python -m tests.capture.rooms
	@nice $(BIN)/python -m tests.system.leak --cycles 500
	@nice $(BIN)/python -m tests.system.soak --hours 24 --speed 60

# Nonsense for everything that takes something from outside: make fuzz CASES=10000 GUIDED_S=10. First drawn, then led by coverage for GUIDED_S seconds a door.
CASES ?= 1000000
GUIDED_S ?= 60
fuzz: $(VENV)/installed-test
	@nice $(BIN)/python -m tests.fuzz --cases $(CASES)
	@$(PIP) atheris || echo "xiaoan: fuzzing by coverage skipped: atheris cannot be installed here"
	@! $(BIN)/python -c 'import atheris' 2>/dev/null || nice $(BIN)/python -m tests.fuzz.guided --seconds $(GUIDED_S)

# Known holes in what a device installs; says so where the network lets nobody be asked.
audit: | $(BIN)/python
	@$(PIP) pip-audit || echo "xiaoan: audit skipped: pip-audit cannot be installed here"
	@! $(BIN)/python -c 'import pip_audit' 2>/dev/null || $(BIN)/python tools/audit

bench: $(VENV)/installed-test
	@$(BIN)/python -m tests.bench

# Takes every marked sentence into the catalogue; what is new there waits for its Chinese.
words: $(VENV)/installed-test
	@$(BIN)/pybabel --quiet extract --no-default-keywords --keyword _ --keyword N_ --add-location file --sort-by-file \
	  --output-file edge/locale/xiaoan.pot edge
	@$(BIN)/pybabel --quiet update --ignore-obsolete --no-fuzzy-matching --ignore-pot-creation-date --no-wrap \
	  --domain xiaoan --locale zh_CN --input-file edge/locale/xiaoan.pot --output-dir edge/locale
	@$(BIN)/pybabel compile --statistics --domain xiaoan --directory edge/locale
	@$(BIN)/pybabel --quiet compile --domain xiaoan --directory edge/locale

# The device's install with hashes: pip install --require-hashes -r requirements.lock
lock: | $(BIN)/python
	@$(PIP) uv
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --upgrade --no-annotate --custom-compile-command "make lock" \
	  --extra evidence --python-version 3.11 pyproject.toml --output-file requirements.lock

train: $(VENV)/installed-train
	@$(BIN)/python -m models.training

train-test: $(VENV)/installed-train
	@$(BIN)/python -m pytest tests/models

# What an install needs is in pyproject.toml; each stamp says that a set of extras is in the environment.
$(VENV)/installed-demo: pyproject.toml hatch_build.py $(CATALOGUE) | $(BIN)/python
	@tools/system-packages $(SOUND)
	@echo "xiaoan: setting up $(VENV)"
	@$(PIP) --editable '.[demo]'
	@touch $@

$(VENV)/installed-test: pyproject.toml hatch_build.py | $(BIN)/python
	@tools/system-packages $(SOUND) $(BROKER_AND_SOUND_SERVER) $(TO_WATCH_THEM) $(BROWSER)
	@echo "xiaoan: setting up $(VENV) with what tests need"
	@$(PIP) --editable '.[test]'
	@touch $@ $(VENV)/installed-demo

$(VENV)/installed-train: $(VENV)/installed-test
	@echo "xiaoan: setting up $(VENV) with what training needs"
	@$(PIP) --editable '.[train]'
	@touch $@

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "xiaoan: $(PYTHON) not found; install Python 3.11 or newer" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "xiaoan: $$($(PYTHON) --version) is too old; with a newer one beside it: make PYTHON=python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || tools/system-packages python3-venv
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "xiaoan: $(PYTHON) cannot make virtual environments; install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)
