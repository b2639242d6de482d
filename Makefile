# Every command of the project. `make` alone lists them.
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3

.PHONY: help
help: ## list the commands
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

# One stamp per set of extras: `make demo` installs what runs, `make test` also what tests.
$(VENV)/run.stamp: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
	$(BIN)/uv pip install --quiet --python $(BIN)/python -c constraints.txt -e '.[ui]'
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp
	$(BIN)/uv pip install --quiet --python $(BIN)/python -c constraints.txt -e '.[ui,postgres,tracing,dev]'
	@touch $@

.PHONY: demo
demo: $(VENV)/run.stamp ## make a sample, run the whole graph, print the result
	@$(BIN)/mta demo

.PHONY: up
up: $(VENV)/run.stamp ## start the Dagster UI, its daemon and the API on the same lake
	@$(BIN)/mta up

.PHONY: api
api: $(VENV)/run.stamp ## start the HTTP API alone, on the same lake
	@$(BIN)/mta api

.PHONY: test
test: $(VENV)/dev.stamp ## run the tests
	$(BIN)/pytest -n logical --maxprocesses 4 --dist loadfile

.PHONY: test-system
test-system: $(VENV)/dev.stamp ## run the commands of all containers of ours as docker-compose.yml says (some minutes, needs root on Linux)
	$(BIN)/pytest -m system tests/deploy

.PHONY: test-faults
test-faults: $(VENV)/dev.stamp ## break the system on purpose and rewrite the table of docs/faults.md (some 20 minutes)
	MTA_FAULTS_TABLE=1 $(BIN)/pytest -m faults -o faulthandler_timeout=3600 tests/faults

.PHONY: fuzz
fuzz: $(VENV)/dev.stamp ## look for faults of the API for longer than the tests do (some minutes)
	FUZZ_EXAMPLES=200 FUZZ_REQUESTS=100000 $(BIN)/pytest tests/api/test_schemathesis.py tests/api/test_hostile_requests.py tests/api/test_raw_requests.py

.PHONY: check
check: $(VENV)/dev.stamp ## format, lint, types, import contracts, docs in step, sizes
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/cog --check -r README.md docs/*.md mta_assets/client/answers.py mta_assets/marts/known_distances.py
	$(BIN)/python .ci/sizes.py

.PHONY: fix
fix: $(VENV)/dev.stamp ## format, apply safe lint fixes, regenerate the docs' tables
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/cog -r README.md docs/*.md mta_assets/client/answers.py mta_assets/marts/known_distances.py

.PHONY: bench
bench: $(VENV)/dev.stamp ## measure speed and memory and rewrite the table of benchmarks/README.md (1 M and 10 M touches)
	$(BIN)/python benchmarks/run.py

.PHONY: bench-100m
bench-100m: $(VENV)/dev.stamp ## the same at 10 M and 100 M touches (needs 8 GB of disk)
	$(BIN)/python benchmarks/run.py --touches 10000000 100000000 --rounds 1

.PHONY: bench-peers
bench-peers: $(VENV)/dev.stamp ## the same models in other packages, each in its own environment
	$(BIN)/python benchmarks/peers.py

.PHONY: bench-api
bench-api: $(VENV)/dev.stamp ## drive the API with load and rewrite the table of benchmarks/api.md (needs wrk)
	PYTHONPATH=benchmarks $(BIN)/python benchmarks/load/run.py

.PHONY: load-smoke
load-smoke: $(VENV)/dev.stamp ## half a minute of load on the API: no request may fail (needs wrk)
	PYTHONPATH=benchmarks $(BIN)/python benchmarks/load/smoke.py

.PHONY: audit
audit: $(VENV)/dev.stamp ## look for known faults of the pinned packages (asks their databases) and for unsafe code and workflows
	$(BIN)/uv tool run --from 'pip-audit==2.10.1' pip-audit --disable-pip --no-deps --requirement constraints.txt
	$(BIN)/ruff check --select S mta_assets api
	$(BIN)/zizmor --offline --pedantic .github

.PHONY: check-table
check-table: $(VENV)/dev.stamp ## judge 200 good days and each fault of the simulator, and rewrite the tables of docs/checks.md
	$(BIN)/python benchmarks/check_table.py

.PHONY: scorecard
scorecard: $(VENV)/dev.stamp ## try every model on worlds whose truth is known and rewrite the table of docs/scorecard.md (some minutes)
	$(BIN)/mta scorecard --page docs/scorecard.md

.PHONY: pictures
pictures: $(VENV)/dev.stamp ## live two simulated worlds and draw the pictures of docs/truth.md anew
	$(BIN)/python benchmarks/truth_pictures.py

.PHONY: coverage
coverage: $(VENV)/dev.stamp ## draw 500 samples of a simulated world, see how often bands hold, and rewrite the table of docs/uncertainty.md
	$(BIN)/python benchmarks/coverage.py

.PHONY: constraints
constraints: $(VENV)/run.stamp ## refresh the exact pins (then run make check test)
	$(BIN)/uv pip compile --quiet --universal --upgrade --all-extras --no-header --no-annotate --no-emit-index-url --no-emit-find-links --python-version 3.11 -o constraints.txt pyproject.toml
	sed -i '/^-e/d;/^\./d' constraints.txt

.PHONY: clean
clean: ## remove the lake, Dagster's storage and caches (not .venv)
	rm -rf .mta dagster_home/storage dagster_home/history dagster_home/schedules dagster_home/logs .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
