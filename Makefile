# Entry points of developers and CI. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
VENV_STAMP := $(VENV)/.installed-$(shell sha256sum requirements/dev.txt | cut -c1-16)
CLUSTER := $(VENV)/bin/python -m dev.cluster

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: venv
venv: $(VENV_STAMP) ## Python with the locked dependencies, in .venv

# The name contains the lock's hash, so that a changed lock needs a new stamp.
$(VENV_STAMP):
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	$(VENV)/bin/python -m pip install --quiet --no-build-isolation --no-deps -e .
	rm -f $(VENV)/.installed-*
	touch $@

# --- the local cluster ------------------------------------------------------------------------------------------

.PHONY: doctor
doctor: venv ## list what this machine has and lacks
	@$(CLUSTER) doctor

.PHONY: packages
packages: venv ## install the Debian packages that the cluster and the images need
	@$(CLUSTER) packages

.PHONY: tools
tools: venv ## build Kubernetes, shell-operator and the other tools from Go modules (15 minutes the first time)
	@$(CLUSTER) tools

.PHONY: cluster
cluster: venv ## bring up, or repair, a local cluster; NODES=1..3; METRICS=1 for kubectl top
	@$(CLUSTER) up $(if $(NODES),--nodes $(NODES)) $(if $(METRICS),--metrics)

.PHONY: cluster-down
cluster-down: venv ## stop the local cluster; PURGE=1 also removes its images and logs
	@$(CLUSTER) down $(if $(PURGE),--purge)

.PHONY: simulation
simulation: venv ## bring up a cluster without machines: a real control plane, with nodes and pods simulated by kwok
	@$(CLUSTER) up --simulated

.PHONY: simulation-down
simulation-down: venv ## stop the cluster without machines
	@$(CLUSTER) down --simulated

.PHONY: cluster-status
cluster-status: venv ## check every part of the local cluster
	@$(CLUSTER) status

.PHONY: cluster-logs
cluster-logs: venv ## list the logs of the local cluster; NAME=kube-apiserver shows the end of that log
	@$(CLUSTER) logs $(NAME)

.PHONY: kubeconfig
kubeconfig: venv ## show how to connect to the local cluster
	@$(CLUSTER) kubeconfig

# --- the two commands -------------------------------------------------------------------------------------------

.PHONY: demo
demo: venv ## install everything, then write and read a file through an Alluxio cluster
	@$(VENV)/bin/python -m dev.tasks demo

.PHONY: test
test: venv ## run every suite within its time budget; SUITES="lint unit" runs some
	@$(VENV)/bin/python -m dev.tasks test $(SUITES)

.PHONY: test-full
test-full: venv ## run every suite there is (hours), or some with SUITES="..."; writes docs/test-report.md
	@$(VENV)/bin/python -m dev.tasks test --full $(SUITES)

# --- parts of them ----------------------------------------------------------------------------------------------

.PHONY: check
check: venv ## run lint, types, import contracts and unit tests in parallel, within a minute
	@$(VENV)/bin/python -m dev.tasks check

.PHONY: generate
generate: venv ## write CRDs, hooks, roles, PROJECT and the field references from the kinds' types and descriptors
	@$(VENV)/bin/python -m dev.generate

.PHONY: grpc
grpc: venv ## compile the gRPC messages after a change of messages.proto
	@cd src && ../$(VENV)/bin/python -m grpc_tools.protoc -I . --python_out=. --pyi_out=. alluxio_operator/alluxio/rpc/messages.proto

.PHONY: golden
golden: venv ## regenerate the golden cases; read the diff before committing it
	@$(VENV)/bin/python -m tests.golden.regenerate

.PHONY: images
images: venv ## build the operator's image and Alluxio's, without a registry
	@$(VENV)/bin/python -m dev.tasks build --images

.PHONY: image
image: venv ## build the operator's image and list its layers; VERSION=0.2.0 for another tag
	@$(VENV)/bin/python -m dev.images $(if $(VERSION),--operator-version $(VERSION)) build operator
	@$(VENV)/bin/python -m dev.images $(if $(VERSION),--operator-version $(VERSION)) layers

.PHONY: bundle
bundle: venv ## generate bundle/ from config/ with operator-sdk; IMAGE=... for another image of the operator
	@$(VENV)/bin/python -m dev.olm bundle $(if $(IMAGE),--image $(IMAGE))

.PHONY: bundle-check
bundle-check: venv ## check the bundle as catalogs do: validators, scorecard, opm, drift; needs no cluster
	@$(VENV)/bin/python -m dev.tasks test bundle

.PHONY: catalog
catalog: venv ## generate the catalog of the released versions in build/catalog
	@$(VENV)/bin/python -m dev.olm catalog

.PHONY: install-yaml
install-yaml: venv ## write the operator as one file, build/release/alluxio-operator.yaml
	@$(VENV)/bin/python -m dev.olm yaml

.PHONY: submission
submission: venv ## write VERSION=... with IMAGE=... for a community catalog to build/submission
	@$(VENV)/bin/python -m dev.olm submission "$(VERSION)" "$(IMAGE)"

.PHONY: olm
olm: venv ## run the Operator Lifecycle Manager and the catalog on the local cluster
	@$(VENV)/bin/python -m dev.olm up

.PHONY: olm-down
olm-down: venv ## stop the Operator Lifecycle Manager and the catalog
	@$(VENV)/bin/python -m dev.olm down

.PHONY: olm-test
olm-test: venv ## install, upgrade and uninstall with the real Operator Lifecycle Manager on the local cluster (minutes)
	@$(VENV)/bin/python -m dev.tasks test olm

.PHONY: deploy
deploy: venv ## deploy the operator to the local cluster; FORM=namespaced for its own namespace only
	@$(VENV)/bin/python -m dev.tasks deploy $(if $(FORM),--form $(FORM))

.PHONY: scenarios
scenarios: venv ## the kuttl scenarios on the local cluster; STORY=install runs one
	@$(CLUSTER) tools kuttl >/dev/null && mkdir -p build/reports && dev/in-cluster kubectl-kuttl test --config=kuttl-tests/kuttl-test.yaml --artifacts-dir=build/reports $(if $(STORY),--test $(STORY))

.PHONY: faults
faults: venv ## run the long form of the fault tests, about an hour; ARGS="-k crash" runs some
	@$(VENV)/bin/python -m dev.tasks.faults --long $(ARGS)

.PHONY: bench
bench: venv ## measure against the floor, kopf and helm, about an hour on a quiet machine; ARGS="--quick" takes minutes
	@$(VENV)/bin/python -m bench run $(ARGS)
	@$(if $(findstring quick,$(ARGS)),,$(MAKE) --no-print-directory bench-report)

.PHONY: bench-real-node
bench-real-node: venv ## measure on the local cluster, with the operator deployed there
	@dev/in-cluster $(VENV)/bin/python -m bench real-node $(ARGS)

.PHONY: bench-presto
bench-presto: venv ## measure queries with and without Alluxio on the local cluster, with the operator deployed there
	@dev/in-cluster $(VENV)/bin/python -m bench presto $(ARGS)

.PHONY: bench-backup
bench-backup: venv ## measure backups of 100,000 files beside Alluxio's command, on the local cluster, with the operator deployed
	@dev/in-cluster $(VENV)/bin/python -m bench backup $(ARGS)

.PHONY: bench-backup-calls
bench-backup-calls: venv ## measure clients' calls during backups of 100,000 files, beside no backup; 3 masters, then 1; ARGS="--masters 3 --apart"
	@dev/in-cluster $(VENV)/bin/python -m bench backup-calls $(ARGS)

.PHONY: bench-at-risk
bench-at-risk: venv ## measure listings that find the data at risk among 100,000 files, on the local cluster, with the operator deployed
	@dev/in-cluster $(VENV)/bin/python -m bench at-risk $(ARGS)

.PHONY: bench-recovery
bench-recovery: venv ## write for 30 minutes, lose all journals, restore, and compare with the objective; ARGS="--minutes 4 --objective-minutes 2"
	@dev/in-cluster $(VENV)/bin/python -m bench recovery $(ARGS)

.PHONY: bench-report
bench-report: venv ## write docs/performance.md and its plots from bench/results
	@$(VENV)/bin/python -m bench report

.PHONY: lock
lock: venv ## resolve the dependencies again, with hashes
	$(VENV)/bin/pip-compile --quiet --generate-hashes --strip-extras --no-emit-index-url --no-emit-find-links \
	  --no-emit-trusted-host -o requirements/runtime.txt pyproject.toml
	$(VENV)/bin/pip-compile --quiet --allow-unsafe --generate-hashes --strip-extras --no-emit-index-url \
	  --no-emit-find-links --no-emit-trusted-host --extra dev --extra bench -c requirements/runtime.txt -o requirements/dev.txt pyproject.toml
