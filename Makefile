# Rapport's words. `make` alone lists them.

VENV := .venv
RUN := $(VENV)/bin/python
# At most four workers: each keeps a database of its own.
WORKERS ?= $(shell n=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2); [ $$n -gt 4 ] && echo 4 || echo $$n)

.DEFAULT_GOAL := help
.PHONY: help demo run stop status test check bench chaos lock \
    check-code check-templates check-ladder check-compose check-production

help:  ## List these words
	@sed -n 's/^\([a-z]*\):.*## /\1|/p' $(MAKEFILE_LIST) | while IFS='|' read -r word text; do printf '  make %-8s %s\n' "$$word" "$$text"; done

demo: $(VENV)/installed  ## Start Rapport here with a sample shop and a local mailbox; Ctrl-C stops it
	@$(RUN) -m launcher demo

run: $(VENV)/installed  ## Start Rapport here without the sample
	@$(RUN) -m launcher run

stop: $(VENV)/installed  ## Stop what `make demo` or `make run` started elsewhere
	@$(RUN) -m launcher stop

status: $(VENV)/installed  ## Say what runs
	@$(RUN) -m launcher status || true

test: $(VENV)/installed-dev  ## Run all tests on servers of their own (ARGS="-k word", REQUIRE_BROWSER=1)
	$(RUN) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(if $(REQUIRE_BROWSER),--require-browser) $(ARGS)

check: check-code check-templates check-ladder check-compose check-production  ## Lint, format, import ladder, missing migrations, deployment settings

check-code: $(VENV)/installed-dev
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .

check-templates: $(VENV)/installed-dev
	$(RUN) -m djlint --lint --quiet templates

check-ladder: $(VENV)/installed-dev
	$(VENV)/bin/lint-imports --no-logo

check-compose: $(VENV)/installed-dev
	$(VENV)/bin/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml

check-production: $(VENV)/installed-dev
	@echo "manage.py makemigrations --check, check --deploy (with production's settings)"
	@$(AS_IN_PRODUCTION) $(RUN) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	@$(AS_IN_PRODUCTION) $(RUN) manage.py check --deploy --fail-level WARNING

# What production sets, with addresses that nobody calls: these checks ask no server.
AS_IN_PRODUCTION = env RAPPORT_ENV_FILE=/dev/null DEBUG=0 DEMO=0 \
    SECRET_KEY=a-key-for-checking-that-is-long-enough-and-has-1234567890-many-signs \
    SIGNING_KEY=another-key-for-checking-that-is-long-enough-with-0987654321-signs \
    DATABASE_URL=postgres://nobody@127.0.0.1:9/rapport REDIS_URL=redis://127.0.0.1:9/0 \
    EMAIL_URL=smtp://127.0.0.1:9 ALLOWED_HOSTS=crm.example.com PUBLIC_URL=https://crm.example.com

bench: $(VENV)/installed-dev  ## Measure (FULL=1: a million contacts instead of 100,000)
	$(RUN) -m benchmarks $(if $(FULL),--full)

chaos: $(VENV)/installed  ## Break it on purpose and count what is lost or doubled (FULL=1: half an hour; SEED=n)
	$(RUN) -m chaos $(if $(FULL),--full) $(if $(SEED),--seed $(SEED))

lock: $(VENV)/installed  ## Fix every version and hash anew after editing requirements.in
	$(RUN) -m pip install --quiet --disable-pip-version-check uv==0.13.9
	$(VENV)/bin/uv pip compile $(LOCKING) requirements-dev.in --output-file requirements-dev.txt
	$(VENV)/bin/uv pip compile $(LOCKING) requirements.in --constraint requirements-dev.txt --output-file requirements.txt

LOCKING = --quiet --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --python-version 3.11 --universal

# The virtual environment is made once, and filled again only when a lock file changes.
$(VENV)/installed: requirements.txt | $(VENV)/bin/python
	@$(RUN) -m launcher.install requirements.txt
	@touch $@

$(VENV)/installed-dev: requirements-dev.txt $(VENV)/installed
	@$(RUN) -m launcher.install requirements-dev.txt
	@touch $@

# PYTHON names an interpreter; otherwise the first one that is new enough is taken.
$(VENV)/bin/python:
	@for python in $(or $(PYTHON),python3.11 python3 python3.12 python3.13 python3.14); do \
	    if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	        $$python -m venv $(VENV) && exit 0; \
	        rm -rf $(VENV); \
	        echo "$$python cannot make a virtual environment (Debian: apt-get install python3-venv)." >&2; \
	        exit 1; \
	    fi; \
	done; \
	echo "Rapport needs Python 3.11 or newer$(if $(PYTHON),; $(PYTHON) is not). Name one: make PYTHON=/path/to/python3.11" >&2; \
	exit 1
