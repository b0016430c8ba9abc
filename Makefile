PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: run install test fast browser page faults cluster lint format lock clean

run: $(INSTALLED)
	PATH="$(CURDIR)/$(BIN):$$PATH" snakemake --cores 1 --resources gpu=1
	@head -n 3 reports/report.md

install: $(INSTALLED)

# Two workers with half of the cores each; every file of tests in one of them, for the pipeline runs that its tests share.
test: $(INSTALLED) lint
	PATH="$(CURDIR)/$(BIN):$$PATH" python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

# What needs neither Snakemake's runs nor the real networks: the part for any machine.
fast: $(INSTALLED)
	PATH="$(CURDIR)/$(BIN):$$PATH" python -m pytest -m 'not dag and not weights and not browser and not faults and not cluster'

# Every control of the pages, in Chromium (Debian's package chromium): what `make test` does of it, and all else.
browser: $(INSTALLED)
	PATH="$(CURDIR)/$(BIN):$$PATH" python -m pytest -m browser

# The gallery's page, from stages/pages/source: needs Node. What it makes is committed, so users need none.
page:
	cd stages/pages/source && npm ci --silent && node build.mjs

# Kills, full disks, damaged files: about twenty minutes; some of it mounts file systems and needs root.
faults: $(INSTALLED)
	PATH="$(CURDIR)/$(BIN):$$PATH" python -m pytest -m faults tests/faults

# The pipeline on a Slurm that it starts: 17 minutes on the EPYC of docs/speed.md. Needs Linux and root, and Debian's packages slurmctld, slurmd,
# slurm-client and munge.
cluster: $(INSTALLED)
	PATH="$(CURDIR)/$(BIN):$$PATH" python -m pytest -m cluster tests/cluster

lint: $(INSTALLED)
	$(BIN)/ruff check stages tests benchmarks
	$(BIN)/ruff format --check stages tests benchmarks
	$(BIN)/mypy stages
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/shfmt -d -i 4 .github/scripts/*.sh benchmarks/*.sh workflow/profiles/*/*.sh
	$(BIN)/jactionlint --no-hints --shellcheck= --pyflakes=
	$(BIN)/python -m stages.params --check

format: $(INSTALLED)
	$(BIN)/ruff format stages tests benchmarks
	$(BIN)/ruff check --fix stages tests benchmarks
	$(BIN)/snakefmt Snakefile workflow
	$(BIN)/shfmt -w -i 4 .github/scripts/*.sh benchmarks/*.sh workflow/profiles/*/*.sh
	$(BIN)/python -m stages.params --write
	$(BIN)/python -m stages.params --schema > workflow/schemas/params.schema.json

# Everything at the pinned versions, each archive with a digest that the lock knows. A few come as source and are built:
# with the pinned setuptools, which is there first.
$(INSTALLED): requirements.lock
	$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14) and "Python 3.11 to 3.13 is needed: make PYTHON=python3.12 run")'
	$(PYTHON) -m venv $(VENV)
	awk '/^setuptools==/ {found = 1} found {print} found && !/\\$$/ {exit}' requirements.lock > $(VENV)/setuptools.txt
	$(BIN)/python -m pip install --quiet --require-hashes -r $(VENV)/setuptools.txt
	$(BIN)/python -m pip install --quiet --require-hashes --no-build-isolation -r requirements.lock
	touch $@

# Pin what pyproject.toml asks for, with digests, for Linux and macOS. What is pinned stays, unless `make lock LOCK=--upgrade`.
lock: $(INSTALLED)
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --extra dev \
		--custom-compile-command "make lock" $(LOCK) --output-file requirements.lock pyproject.toml

# What was computed; not the item store, the fetched packages, the weights, your own checkpoints, or people's votes.
clean:
	rm -rf $(addprefix data/,faces maps strata targets codes reconstructions aligned composites measured examples previews chunks records)
	rm -f data/images.csv data/pairs.csv data/pairs.json
	rm -rf $(filter-out reports/votes.parquet,$(wildcard reports/*)) logs .snakemake
