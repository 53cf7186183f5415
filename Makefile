# `make demo` and `make test` do all the set-up: they need Python >= 3.11, make and git.
#
#   ARGS=…    goes on to what the target runs:  make demo ARGS="--scenario=grid-outage"
#   PYTHON=…  the interpreter to build .venv with; the first suitable one otherwise

SUITABLE := -c 'import sys; sys.exit(sys.version_info < (3, 11))'
PYTHON := $(or $(PYTHON),$(shell for p in python3 python3.11 python3.12 python3.13 python3.14; do \
	$$p $(SUITABLE) 2>/dev/null && echo $$p && break; done))

# The stamps carry the Python version, so another interpreter or a distribution upgrade rebuilds .venv.
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
RUN := .venv/.run-$(VERSION)
DEV := .venv/.dev-$(VERSION)

PY := .venv/bin/python
PIP := $(PY) -m pip --quiet --disable-pip-version-check --no-input

.DEFAULT_GOAL := help
.PHONY: help demo test proof lint generate stack bench coverage hooks package deb image site newcomer story day screenshots gallery incident \
	alerts-proof silence fleet-test faults fuzz blast soak audit requirements clean
.DELETE_ON_ERROR:

help: ## Show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(RUN) ## Run a simulated home and the exporter; no gateway needed
	@$(PY) -m exporter demo $(ARGS)

test: lint ## Lint, check types, run every test but the slow proofs
	@sh tools/system-packages.sh prometheus promtool amtool chromium victoria-metrics
	$(PY) -m pytest -n 4 --dist loadscope $(ARGS)

proof: $(DEV) ## Run the slow proofs: whole scenarios, days and spoilt answers
	@sh tools/system-packages.sh prometheus promtool amtool chromium victoria-metrics debootstrap buildah
	$(PY) -m pytest -n 2 --dist loadscope -m proof $(ARGS)

lint: $(DEV) ## Check style, types, spelling, imports and workflows
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy
	.venv/bin/codespell
	.venv/bin/lint-imports --no-cache
	@sh tools/lint-workflows.sh

generate: $(DEV) ## Write all generated files: docs, dashboards, manifests, alert texts, golden expositions
	$(PY) -m tools.generate $(ARGS)

coverage: $(DEV) ## Run the tests and show how much of the code they run
	$(PY) -m pytest -n 4 --dist loadscope --cov --cov-report=term $(ARGS)

hooks: $(DEV) ## Install the pre-commit hooks
	.venv/bin/pre-commit install

package: $(DEV) ## Build wheel and sdist into dist/ and check them
	@rm -rf dist
	$(PY) -m build --no-isolation
	.venv/bin/twine check --strict dist/*

deb: $(DEV) ## Build the Debian package into dist/; ARGS="--no-index --find-links DIR" needs no network
	@sh tools/build-deb.sh $(PY) $(ARGS)

image: ## Build the container image with buildah; ARGS=demo builds the one with the simulated home
	@sh tools/system-packages.sh debootstrap buildah
	@sh tools/build-image.sh $(ARGS)

site: $(DEV) requirements/site.txt ## Build the documentation as a site into build/site/html; a dead link is an error
	@[ -x .venv/site/bin/mkdocs ] || $(PY) -m venv .venv/site
	@.venv/site/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/site.txt
	@rm -rf build/site
	@$(PY) -m tools.site build/site/pages
	@.venv/site/bin/mkdocs build --quiet
	@echo build/site/html/index.html

newcomer: $(DEV) ## Follow the pages for a Raspberry Pi and Kubernetes in clean roots, to a message; prints times
	@sh tools/system-packages.sh debootstrap buildah prometheus amtool
	@$(PY) -m tools.newcomer $(ARGS)

story: $(DEV) ## Record the owner's story and draw it into docs/
	story=$$(mktemp) && trap 'rm -f "$$story"' EXIT && \
		$(PY) -m exporter record --scenario=owners-story --interval=1h --output="$$story" && \
		$(PY) -m tools.plot_story "$$story" docs/owners-story.png

day: $(DEV) ## Record a day of the demo home and draw it into docs/
	day=$$(mktemp) && trap 'rm -f "$$day"' EXIT && \
		$(PY) -m exporter record --scenario=sunny-day --interval=2m --output="$$day" && \
		$(PY) -m tools.plot_day "$$day" docs/a-day.png

screenshots: $(DEV) ## Take the pictures in docs/: the status page, and the dashboards where Node.js is
	@sh tools/system-packages.sh chromium prometheus promtool
	$(PY) -m tools.screenshot
	$(PY) -m tools.dashboards --docs

gallery: $(DEV) ## Take pictures of the page of every kind of home into FOLDER=…; ARGS=--help tells what else
	@sh tools/system-packages.sh chromium
	$(PY) -m tools.gallery --folder="$(or $(FOLDER),gallery)" $(ARGS)

incident: $(DEV) ## Replay SCENARIO=… and print what would have rung; PNG=… draws it
	@sh tools/system-packages.sh promtool
	$(PY) -m tools.incident "$(SCENARIO)" $(if $(PNG),--png="$(PNG)") $(ARGS)

alerts-proof: $(DEV) ## Prove that every row of the failure catalogue rings in time; ARGS=… names rows
	@sh tools/system-packages.sh promtool
	$(PY) -m tools.incident.prove $(ARGS)

stack: $(RUN) ## Run the demo with Prometheus and Alertmanager as shipped; shows what reaches the phone
	@sh tools/system-packages.sh prometheus amtool
	@$(PY) -m tools.stack $(ARGS)

silence: $(DEV) ## Prove that nothing rings in healthy weeks of all seasons; ARGS=… names seasons
	@sh tools/system-packages.sh promtool
	$(PY) -m tools.incident.silence $(ARGS)

fleet-test: $(DEV) ## Run a fleet: two exporters, two agents, rules in the middle, a store; minutes
	@sh tools/system-packages.sh prometheus amtool victoria-metrics
	$(PY) -m pytest -m "proof or not proof" tests/fleet $(ARGS)

bench: $(DEV) ## Measure against the budgets
	@sh tools/system-packages.sh prometheus amtool
	$(PY) -m bench $(ARGS)

faults: $(DEV) ## Put every fault on every endpoint, at four moments; ARGS=… are words that choose
	$(PY) -m tests.faults $(ARGS)

fuzz: $(DEV) ## Spoil the answers of gateways 50,000 times; ARGS="COUNT SEED" for others
	$(PY) -m tests.fuzz $(ARGS)

blast: $(DEV) ## Spoil every place of every answer of the captures; ARGS=… names captures
	$(PY) -m tests.blast $(ARGS)

soak: $(DEV) ## Live 30 days of random trouble, then 20 real minutes under scrapes; ARGS=--help
	$(PY) -m tools.soak $(ARGS)

audit: ## Ask whether what is shipped has known vulnerabilities; ARGS=… names other requirements
	@sh tools/audit.sh $(PYTHON) $(ARGS)

requirements: ## Pin what pyproject.toml asks for; ARGS=--upgrade takes the newest of everything
	@sh tools/pin-requirements.sh $(PYTHON) $(ARGS)

clean: ## Remove everything that make and the tools have made
	rm -rf .venv .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist
	find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +

# What running and simulating need, so that the demo starts soon.
$(RUN): requirements/simulator.txt
	@$(or $(PYTHON),false) $(SUITABLE) 2>/dev/null || { \
		echo "Python 3.11 or newer is needed: install it, or name one with PYTHON=/usr/bin/python3.12" >&2; exit 1; }
	@sh tools/system-packages.sh venv $(PYTHON)
	@echo "Setting up .venv with Python $(VERSION): half a minute, once"
	@rm -rf .venv
	@$(PYTHON) -m venv .venv
	@$(PIP) install --require-hashes -r requirements/simulator.txt
	@touch $@

# The project itself, editable, for its command and its metadata.
$(DEV): $(RUN) requirements/dev.txt pyproject.toml exporter/__init__.py
	@echo "Adding what the tests and checks need"
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@rm -rf .mypy_cache # it remembers which modules were missing
	@touch $@
