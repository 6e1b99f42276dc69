PYTHON ?= python3
BIN := .venv/bin

.PHONY: app test bench lint

app: .venv/ready  ## open the app on http://localhost:8501
	$(BIN)/streamlit run app.py

# One thread for each, for threads of two processes that share two cores wait for one another.
test: .venv/ready  ## run every test, two files at a time; what needs a browser or other data says why it was skipped
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile

bench: .venv/ready  ## print the measured ratios of the README
	$(BIN)/python -m benchmarks

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# Made again whenever requirements.txt changes.
.venv/ready: requirements.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet -r requirements.txt
	touch $@
