# Every target does its own set-up in .venv, once; nothing needs to be activated.
PYTHON ?= python3
VENV ?= .venv
CORES ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu)
# Tests wait for disks and for the processes that they start: one more of them than cores. Those
# processes are many hundred, and should not each compile the sources again.
WORKERS ?= $(shell expr $(CORES) + 1)

BIN := $(VENV)/bin
EXPERIMENT := normalisation
LEDGER := ledger/$(EXPERIMENT)

.DEFAULT_GOAL := help
.PHONY: help demo test coverage test-engines lint bench bench-contamination test-cluster docs pictures clean set-up set-up-dev

help: ## Say what there is to do.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-20s %s\n", $$1, $$2}' Makefile

demo: set-up ## Rerun the published experiment, verify, compare, show what the model has seen.
	@$(BIN)/reprollm run $(EXPERIMENT) --cores $(CORES)
	@$(BIN)/reprollm ledger verify $(LEDGER)
	@$(BIN)/reprollm compare $(LEDGER) experiments/$(EXPERIMENT)/published
	@$(BIN)/reprollm contamination show $(LEDGER)
	@$(BIN)/python experiments/$(EXPERIMENT)/make/truth.py $(LEDGER)

test: set-up-dev ## Run the tests.
	@tests/packages.sh strace:strace openssl:openssl ssh-keygen:openssh-client unzip:unzip chromium:chromium
	@test -d $(VENV)-duckdb-lts || $(BIN)/pip install --quiet --disable-pip-version-check --no-deps \
		--require-hashes -r envs/duckdb-lts.txt --target $(VENV)-duckdb-lts
	@DUCKDB_LTS=$(abspath $(VENV)-duckdb-lts) OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE= \
		$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile \
		$(ARGS)

coverage: set-up-dev ## Run the tests and say which lines they reach.
	@$(MAKE) --no-print-directory test ARGS="--cov --cov-report=term:skip-covered $(ARGS)"

test-engines: set-up-dev ## Run one contract suite for every engine, each in an environment of its own.
	@$(BIN)/python tests/engine_suite/run.py --python $(PYTHON) $(ARGS)

lint: set-up-dev ## Check style, types and the workflow.
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy --strict
	@$(BIN)/snakefmt --check Snakefile workflow
	@$(BIN)/snakemake --lint

docs: set-up-dev ## Build the documentation as a site in build/site, with every link checked.
	@NO_MKDOCS_2_WARNING=1 PATH="$(abspath $(BIN)):$$PATH" $(BIN)/mkdocs build --strict --quiet
	@echo "build/site/index.html"

pictures: set-up-dev ## Take the documentation's pictures of the report again.
	@tests/packages.sh chromium:chromium
	@$(BIN)/python benchmarks/pictures.py

bench: set-up-dev ## Measure against peers and limits, as ratios.
	@benchmarks/lm-eval.sh $(VENV)-lm-eval $(PYTHON)
	@benchmarks/scan-peers.sh $(VENV)-scan-peers $(PYTHON)
	@$(BIN)/python tests/engine_suite/run.py --python $(PYTHON) --set-up
	@tests/packages.sh chromium:chromium
	@$(BIN)/python benchmarks/all.py --lm-eval $(VENV)-lm-eval/bin/python \
		--peers $(VENV)-scan-peers/bin/python $(ARGS)

bench-contamination: set-up ## Measure how often the contamination checks are right, in minutes.
	@$(BIN)/python benchmarks/contamination --cores $(CORES) $(ARGS)

test-cluster: set-up-dev ## Run the demo on a real SLURM, on this machine; installs SLURM where missing.
	@tests/packages.sh slurmctld:slurmctld slurmd:slurmd sbatch:slurm-client munged:munge
	@$(BIN)/python -m pytest tests/cluster $(ARGS)

clean: ## Remove environment, caches and build outputs; ledgers stay.
	rm -rf $(VENV) $(VENV)-lm-eval $(VENV)-scan-peers $(VENV)-duckdb-lts $(VENV)-vllm $(VENV)-llamacpp .mypy_cache .ruff_cache .pytest_cache .hypothesis .snakemake .coverage dist build

set-up:
	@envs/install.sh $(VENV) $(PYTHON)

set-up-dev:
	@envs/install.sh $(VENV) $(PYTHON) dev
