# `make` shows what there is. Docker where an engine answers, else plain processes; RUN=local or RUN=docker decides.
# `python3 -m stack` makes the virtual environments that the commands need, below .local/.

PYTHON ?= python3
IN := $(PYTHON) -m stack run
ADDRESS := $(PYTHON) -m stack address
TESTS := .local/environments/tests/bin
# A copy: a run that is killed leaves no changed line in the tree.
MUTATION := .local/mutation

.DEFAULT_GOAL := help
.PHONY: help models up down status logs reload test test-unit test-compose mutate check lock load drift bench

help: ## show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

models: ## make the model packages that are missing
	@$(PYTHON) -m stack models

up: ## run everything and wait until it is ready
	@$(PYTHON) -m stack up

down: ## stop everything; the data stay
	@$(PYTHON) -m stack down

status: ## show every component, its URL and its state
	@$(PYTHON) -m stack status

logs: ## follow the logs
	@$(PYTHON) -m stack logs

reload: ## load the model packages again, without a pause; SLOT=model_server or model_server_new: only that slot's
	@$(PYTHON) -m stack reload $(SLOT)

test: ## run every test that needs no Docker
	@$(IN) drift_detector_server -c "" # the two detectors are compared: each runs in its own environment
	@$(IN) tests -m pytest

test-unit: ## run the unit tests alone, on all cores
	@$(IN) tests -m pytest tests/unit -n auto

test-compose: ## run the stack's tests against `docker compose up`
	@STACK=compose $(IN) tests -m pytest tests/stack

mutate: ## change the pure logic line by line and list the changes that no test notices; MUTANTS=NAME*: only those
	@$(IN) mutate -c ""
	@rm -rf $(MUTATION) && mkdir -p $(MUTATION) && git ls-files -z | xargs -0 cp --parents -t $(MUTATION)
	@cd $(MUTATION) && ../environments/mutate/bin/mutmut run $(if $(MUTANTS),"$(MUTANTS)")
	@cd $(MUTATION) && ../environments/mutate/bin/mutmut results | grep -v 'not checked' || true

check: ## lint, types, and every configuration file
	@$(IN) tests -c ""
	$(TESTS)/ruff check .
	$(TESTS)/ruff format --check .
	$(TESTS)/mypy --strict .
	@$(PYTHON) -m stack check

lock: ## renew the locks after a change of a requirement; UPGRADE=1 takes the newest versions that fit
	@$(PYTHON) -m stack.locks $(if $(UPGRADE),--upgrade)

load: ## send the load of locust/locust.conf; fails where an objective is missed
	@$(IN) locust -m locust --config locust/locust.conf --host "$$($(ADDRESS) nginx)"

drift: ## send dirty images, and show the p-values before and after
	@$(IN) stack -m examples.fruit.drift --url "$$($(ADDRESS) nginx)" \
		--detector "$$($(ADDRESS) drift_detector_server)" --detector "$$($(ADDRESS) drift_detector_server_new)"

bench: ## measure this server, its peers and the bare loop; writes docs/benchmark.md (35 min)
	@$(IN) benchmark -m benchmark $(BENCH)
