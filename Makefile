# A thin door over pip and lipstudy; README.md has the same lines for a machine without make.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test lock

demo: .venv/installed
	$(BIN)/lipstudy demo

test: .venv/installed
	$(BIN)/pytest -n auto

# The exact versions of everything, for every extra. Run it after a change of pyproject.toml.
lock: .venv/installed
	$(BIN)/pip-compile --quiet --all-extras --strip-extras --no-header --annotation-style=line \
		--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --output-file constraints.txt pyproject.toml
	sed -i 's/^\(torch==[0-9.]*\)+cpu/\1/' constraints.txt  # any build of that version will do

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev,lab]'
	touch $@
