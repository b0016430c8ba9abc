PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: run install test fast faults lint format clean

run: $(INSTALLED)
	PATH="$(CURDIR)/$(BIN):$$PATH" snakemake --cores 1 --resources gpu=1
	@head -n 3 reports/report.md

install: $(INSTALLED)

# Two workers with half of the cores each; every file of tests in one of them, for the pipeline runs that its tests share.
test: $(INSTALLED) lint
	PATH="$(CURDIR)/$(BIN):$$PATH" python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

# What needs neither Snakemake's runs nor the real networks: the part for any machine.
fast: $(INSTALLED)
	PATH="$(CURDIR)/$(BIN):$$PATH" python -m pytest -m 'not dag and not weights and not faults'

# Kills, full disks, damaged files: about twenty minutes; some of it mounts file systems and needs root.
faults: $(INSTALLED)
	PATH="$(CURDIR)/$(BIN):$$PATH" python -m pytest -m faults tests/faults

lint: $(INSTALLED)
	$(BIN)/ruff check stages tests benchmarks
	$(BIN)/ruff format --check stages tests benchmarks
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/shfmt -d -i 4 .github/scripts/*.sh
	$(BIN)/jactionlint --no-hints --shellcheck= --pyflakes=
	PATH="$(CURDIR)/$(BIN):$$PATH" snakemake --lint

format: $(INSTALLED)
	$(BIN)/ruff format stages tests benchmarks
	$(BIN)/ruff check --fix stages tests benchmarks
	$(BIN)/snakefmt Snakefile workflow
	$(BIN)/shfmt -w -i 4 .github/scripts/*.sh

# The pinned versions of everything; torch comes first so that nothing pulls in another build of it.
$(INSTALLED): requirements.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 run")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet $$(grep -E '^(torch|torchvision)==' requirements.lock)
	$(BIN)/python -m pip install --quiet -r requirements.lock
	touch $@

# What was computed; not the item store, the fetched packages, the weights or your own checkpoints.
clean:
	rm -rf $(addprefix data/,faces maps targets codes reconstructions aligned composites records images.csv pairs.csv)
	rm -rf reports/* logs .snakemake
