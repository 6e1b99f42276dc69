PYTHON ?= python3
BIN := .venv/bin
# Empty installs the newest releases that requirements.txt allows.
CONSTRAINTS ?= -c constraints.txt

.PHONY: app present test bench lint wheel

app: .venv/ready  ## open the app on http://localhost:8501
	$(BIN)/streamlit run app.py

# One thread for each, for threads of two processes that share two cores wait for one another.
present: .venv/ready  ## open the app to everybody in the room, and refuse what would touch this machine
	$(BIN)/python -m blurlab serve --public

test: .venv/ready  ## run every test, two files at a time; what needs a browser or other data says why it was skipped
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile

bench: .venv/ready  ## print the measured ratios of docs/speed.md
	$(BIN)/python -m benchmarks

lint: .venv/ready  ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

wheel: .venv/ready  ## write the package to dist/
	$(BIN)/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

# Made again whenever requirements.txt or constraints.txt changes.
.venv/ready: requirements.txt constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet -r requirements.txt $(CONSTRAINTS)
	touch $@
