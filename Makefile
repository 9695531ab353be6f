# A thin front for scripts/, which work without make too: python3 scripts/run.py, scripts/test.py, scripts/check.py.
# ARGS is passed on, for example: make test ARGS='tests/engine -k dump -x'

# The first Python that really runs and is new enough (a pyenv shim may exist and fail).
PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11 python3.14 python; do \
    "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo "$$name"; break; }; done)

ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help run test check fix bench lock python

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  make run listens to HOST, PORT and DATA_DIR (127.0.0.1, 8000, this folder); .env.example has the rest."

run: python ## Start E-Click here: web, workers, beat, its own Valkey, demo data and a first backup
	@exec $(PYTHON) scripts/run.py $(ARGS)

test: python ## Run the tests, on the real servers that this machine has
	@exec $(PYTHON) scripts/test.py $(ARGS)

check: python ## Look at format, lint, types, layers, migrations, templates; changes nothing
	@exec $(PYTHON) scripts/check.py $(ARGS)

fix: python ## Format the code and mend what the linter can mend
	@$(PYTHON) -m scripts.environment --development
	@.venv/bin/python -m ruff check --fix .; status=$$?; .venv/bin/python -m ruff format . && exit $$status

bench: python ## Measure backups and restores against the usual tools; ARGS='--help' lists the options
	@$(PYTHON) -m scripts.environment --development --mysqlclient
	@exec .venv/bin/python -m benchmarks $(ARGS)

LOCK = .venv/bin/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-strip-extras --quiet $(ARGS)

lock: python ## Pin requirements*.in again, with hashes; ARGS=--upgrade takes newer versions
	@$(PYTHON) -m scripts.environment --development
	$(LOCK) requirements.in -o requirements.txt
	$(LOCK) requirements-dev.in -o requirements-dev.txt
	$(LOCK) --no-deps requirements-mysqlclient.in -o requirements-mysqlclient.txt

python:
	@test -n "$(PYTHON)" || { \
	    echo "E-Click needs Python 3.11 or newer, and none was found." \
	        "Install one, for example: sudo apt install python3 python3-venv" >&2; exit 1; }
