# Two commands do all the set-up: `make run` and `make test`. The rest is for those who change the code.
PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
LOCK_COMMAND := uv pip compile --universal --generate-hashes --python-version 3.11 --group dev --quiet pyproject.toml -o requirements.lock

# The territory without the fiction has a database of its own: one does not undo the other.
ifdef EMPTY
export DATABASE_URL ?= sqlite:///$(CURDIR)/empty.sqlite3
endif

.PHONY: run test bench lint lock clean

run: .venv/.ready
	@$(BIN)/python -c 'import socket; socket.create_server(("127.0.0.1", $(PORT))).close()' 2>/dev/null \
	  || { echo "Port $(PORT) is taken: make run PORT=9000"; exit 1; }
	@DEBUG=1 $(BIN)/python manage.py migrate --verbosity 0
	@DEBUG=1 $(BIN)/python manage.py load_reference
	@DEBUG=1 $(BIN)/python manage.py load_catalogue
	@DEBUG=1 $(BIN)/python manage.py load_demo $(if $(EMPTY),--empty)
	@echo "Établi : http://127.0.0.1:$(PORT)  (Ctrl C pour arrêter)"
	@DEBUG=1 $(BIN)/granian --interface wsgi --host 127.0.0.1 --port $(PORT) --blocking-threads 4 --backpressure 64 --log-level warning config.wsgi:application

test: .venv/.ready
	$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

bench: .venv/.ready
	$(BIN)/python -m tests.bench

lint: .venv/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	git ls-files -z '*.html' | xargs -0 -r $(BIN)/djade --check --target-version 5.2
	DEBUG=1 $(BIN)/python manage.py makemigrations --check --dry-run

lock: .venv/.ready
	$(LOCK_COMMAND)

clean:
	rm -rf .venv *.sqlite3 *.sqlite3-shm *.sqlite3-wal staticfiles

# uv where it is to be had (it installs in seconds and needs no venv module), else plain venv and pip.
.venv/.ready: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Établi needs Python 3.11 or later: make $(MAKECMDGOALS) PYTHON=/path/to/python3.12"; exit 1; }
	@if command -v uv >/dev/null 2>&1; then \
	  uv venv --quiet --allow-existing --no-managed-python --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" .venv \
	  && uv pip sync --quiet --require-hashes --python .venv requirements.lock; \
	elif $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null; then \
	  $(PYTHON) -m venv .venv \
	  && $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock; \
	else \
	  echo "Python has neither uv nor its venv module. On Debian or Ubuntu: apt-get install python3-venv"; exit 1; \
	fi
	@touch $@
