# `make` shows what there is. Docker where an engine answers, else plain processes; RUN=local or RUN=docker decides.
# `python3 -m stack` makes the virtual environments that the commands need, below .local/.

PYTHON ?= python3
IN := $(PYTHON) -m stack run
ADDRESS := $(PYTHON) -m stack address
DRILL := $(IN) stack -m examples.drills $(if $(RATE),--rate $(RATE))
TESTS := .local/environments/tests/bin
# A copy: a run that is killed leaves no changed line in the tree.
MUTATION := .local/mutation

.DEFAULT_GOAL := help
.PHONY: help models up down status logs reload release test test-unit test-compose mutate fuzz soak check lock load drift \
	produce retrain import models-list bench bench-jobs drills drill-good drill-slow drill-errors drill-worse drill-drift drill-quiet drill-kill drill-blind

help: ## show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

models: ## make the model packages that are missing
	@$(PYTHON) -m stack models

up: ## run everything and wait until it is ready; PROFILES=jobs,training: these parts too, with WORKERS=2 workers
	@$(PYTHON) -m stack up

down: ## stop everything; the data stay
	@$(PYTHON) -m stack down

status: ## show every component, its URL and its state
	@$(PYTHON) -m stack status

logs: ## follow the logs
	@$(PYTHON) -m stack logs

reload: ## load the model packages again, without a pause; SLOT=model_server or model_server_new: only that slot's
	@$(PYTHON) -m stack reload $(SLOT)

release: ## show the release; DO="canary start", DO=rollback, DO="status --watch", DO=--help: any command of it
	@$(PYTHON) -m stack release $(DO)

test: ## run every test that needs no Docker; as root it installs what that takes
	@$(PYTHON) -m stack packages
	@$(IN) drift_detector_server -c "" # the two detectors are compared: each runs in its own environment
	@$(IN) dvc -c ""
	@$(IN) tansu -c "" # the training stream's tests have a real broker
	@$(IN) tests -m pytest tests/unit -n auto; units=$$?; $(IN) tests -m pytest tests/integration tests/stack && exit $$units

test-unit: ## run the unit tests alone, on all cores
	@$(IN) tests -m pytest tests/unit -n auto

test-compose: ## run the stack's tests against `docker compose up`; the drills take long, and `make test` runs one
	@STACK=compose $(IN) tests -m pytest tests/stack --ignore tests/stack/test_drills.py

mutate: ## change the pure logic line by line and list the changes that no test notices; MUTANTS=NAME*: only those
	@$(IN) mutate -c ""
	@rm -rf $(MUTATION) && mkdir -p $(MUTATION) && git ls-files -z | xargs -0 cp --parents -t $(MUTATION)
	@cd $(MUTATION) && ../environments/mutate/bin/mutmut run $(if $(MUTANTS),"$(MUTANTS)")
	@cd $(MUTATION) && ../environments/mutate/bin/mutmut results | grep -v 'not checked' || true

fuzz: ## send mutated uploads and protocol cases to model servers; MINUTES=10: for so long, in place of 150,000 cases
	@$(IN) tests -m tests.robustness.fuzz $(if $(MINUTES),--minutes $(MINUTES))

soak: ## run the stack under load with faults at random, without Docker, for MINUTES=60; fails where an answer is lost
	@$(IN) tests -m tests.robustness.soak $(if $(MINUTES),--minutes $(MINUTES))

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
	@$(IN) stack -m examples.fruit.drift

produce: ## have the producer send RATE=50 records a second, DRIFT=0.3, NOISE=, DAMAGE=, RECORDS=; Ctrl-C ends the watching
	@$(IN) stream -m stream.producer.client --url "$$($(ADDRESS) stream_producer)" \
		$(if $(RATE),--rate $(RATE)) $(if $(DRIFT),--drift $(DRIFT)) $(if $(NOISE),--noise $(NOISE)) \
		$(if $(DAMAGE),--damage $(DAMAGE)) $(if $(RECORDS),--records $(RECORDS))

retrain: ## renew the model now, and show how far it is; WHY="new packaging" for the history; Ctrl-C ends the watching
	@$(PYTHON) -m stack retraining start --watch $(if $(WHY),--why "$(WHY)")

import: ## have the retraining take FROM=FOLDER, images by class, or a CSV file; GOLDEN=1: to judge by, never to train on
	@$(PYTHON) -m stack import $(if $(GOLDEN),--golden) "$(FROM)"

models-list: ## list the versions of models, and which is where
	@$(PYTHON) -m stack release models

drills: ## run all drills, one after the other (15 min); RATE=20: so many requests a second, in place of 40
	@$(DRILL) all

drill-good: ## release a candidate that is as good: it is promoted
	@$(DRILL) good

drill-slow: ## release one that is slower: it is taken back
	@$(DRILL) slow

drill-errors: ## release one that fails some images: it is taken back
	@$(DRILL) errors

drill-worse: ## release one that is wrong 10 points more often: it is taken back
	@$(DRILL) worse

drill-drift: ## damaged images to the candidate alone: it is taken back; to both slots: it is promoted
	@$(DRILL) drift

drill-quiet: ## release one that hardly anybody asks: it is held
	@$(DRILL) quiet

drill-kill: ## have the candidate die while it is tried: it is taken back, and nobody notices
	@$(DRILL) kill

drill-blind: ## have Prometheus die meanwhile: the release is held
	@$(DRILL) blind

bench-jobs: ## measure queued work: rates, delays, memory, fairness, and what the online server feels, faults (15 min)
	@$(IN) benchmark -m benchmark.jobs $(BENCH)

bench: ## measure this server, its peers and the bare loop; writes docs/benchmark.md (35 min)
	@$(IN) benchmark -m benchmark $(BENCH)
