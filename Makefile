# make setup | demo | test | bench | lint | clean. Every target sets up what it needs first.
PY := .venv/bin/python
RUN := PATH="$(CURDIR)/.venv/bin:$$PATH"

.PHONY: setup demo test bench lint clean

setup:
	@scripts/setup.sh

demo: setup  ## NUSCENES=/path uses your data; else a drive of the project's own world is recorded
	@$(RUN) ago demo --out build/demo

test: setup lint
	@$(RUN) $(PY) -m pytest

bench: setup  ## status 2: the benchmark said what it lacks here
	@for script in benchmarks/*.py; do \
	  echo "== $$script"; $(RUN) $(PY) $$script --docs docs/benchmarks.md || [ $$? -eq 2 ] || exit 1; \
	done

lint: setup
	@$(RUN) ruff check . && $(RUN) ruff format --check . && $(RUN) mypy && $(RUN) lint-imports

clean:
	rm -rf .venv build install log .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
