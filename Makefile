# Two commands: `make quickstart` trains, samples and evaluates on the embedded drawings; `make test` runs what CI runs.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# For a CPU-only torch on Linux: make quickstart PIP_ARGS="--extra-index-url https://download.pytorch.org/whl/cpu"
PIP_ARGS ?=

.PHONY: quickstart test docs models fuzz install install-dev bench clean

quickstart: install
	"$(BIN)/frugan" train --recipe quickstart --out runs/quickstart --replace
	@echo "Open runs/quickstart/report.html in a browser."

test: install-dev
	"$(BIN)/ruff" check .
	"$(BIN)/ruff" format --check .
	"$(BIN)/mypy"
	"$(BIN)/python" -m pytest -n 2

# The models inside the package: trained anew on the embedded drawings, two hours of two cores, and stored in half precision.
models: install
	"$(BIN)/frugan" train --config tools/noto-people.yaml --out build/models/noto-people --replace
	"$(BIN)/python" tools/ship_models.py build/models/noto-people noto-people
	"$(BIN)/frugan" train --config tools/noto-people-any.yaml --kimg 150 --out build/models/any-begun --replace
	"$(BIN)/frugan" train --config tools/noto-people-any.yaml --from build/models/any-begun \
	    --set sampler.stabilizer.probability=0.3 --out build/models/noto-people-any --replace
	"$(BIN)/python" tools/ship_models.py build/models/noto-people-any noto-people-any

# The documentation as a site in build/site; and the notebook, executed with seconds of training.
docs: $(BIN)/python
	"$(BIN)/python" -m pip install --quiet $(PIP_ARGS) -c constraints.txt -e ".[docs]"
	"$(BIN)/zensical" build --strict -f mkdocs.yml
	FRUGAN_TOUR_MINUTES=$${FRUGAN_TOUR_MINUTES:-0.02} "$(BIN)/jupyter" execute docs/tour.ipynb --output=../build/tour.ipynb

# Damages foreign files and arguments at random, for an hour: 17 times FRUGAN_FUZZ_TRIALS trials.
fuzz: install-dev
	FRUGAN_FUZZ_TRIALS=$${FRUGAN_FUZZ_TRIALS:-1400} "$(BIN)/python" -m pytest -n 2 -p no:timeout tests/fuzz

bench: install-dev
	"$(BIN)/python" -m pip install $(PIP_ARGS) -c constraints.txt -e ".[bench]"
	test -d $(VENV)/peers || "$(BIN)/python" -m pip install --quiet --no-deps --target $(VENV)/peers $$("$(BIN)/python" -m benchmarks.peers)
	FRUGAN_PEERS=$(VENV)/peers "$(BIN)/python" -m benchmarks

install: $(VENV)/installed
install-dev: $(VENV)/installed-dev

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "frugan needs Python 3.11 or newer: make PYTHON=/path/to/python3.12 ...")'
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/installed: $(BIN)/python pyproject.toml constraints.txt
	"$(BIN)/python" -m pip install --quiet $(PIP_ARGS) -c constraints.txt -e .
	@touch "$@"

$(VENV)/installed-dev: $(VENV)/installed
	"$(BIN)/python" -m pip install --quiet $(PIP_ARGS) -c constraints.txt -e ".[dev]"
	@touch "$@"

clean:
	rm -rf $(VENV) runs
