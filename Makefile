# Everything that a developer and CI do, by name. `make help` lists it.
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

# The name carries the lock's hash, so that a changed lock means a stamp that is not there yet.
$(VENV_STAMP):
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	$(VENV)/bin/python -m pip install --quiet --no-build-isolation --no-deps -e .
	rm -f $(VENV)/.installed-*
	touch $@

# --- the local cluster ------------------------------------------------------------------------------------------

.PHONY: doctor
doctor: venv ## tell what this machine has and lacks
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
cluster-down: venv ## take the local cluster down; PURGE=1 drops its images and logs too
	@$(CLUSTER) down $(if $(PURGE),--purge)

.PHONY: simulation
simulation: venv ## bring up a cluster without machines: the real control plane, nodes and pods played by kwok
	@$(CLUSTER) up --simulated

.PHONY: simulation-down
simulation-down: venv ## take the cluster without machines down
	@$(CLUSTER) down --simulated

.PHONY: cluster-status
cluster-status: venv ## tell of every part of the local cluster whether it works
	@$(CLUSTER) status

.PHONY: cluster-logs
cluster-logs: venv ## list the logs of the local cluster; NAME=kube-apiserver shows the end of one
	@$(CLUSTER) logs $(NAME)

.PHONY: kubeconfig
kubeconfig: venv ## tell how to talk to the local cluster
	@$(CLUSTER) kubeconfig

# --- the two commands -------------------------------------------------------------------------------------------

.PHONY: demo
demo: venv ## from nothing to a file written and read through an Alluxio cluster
	@$(VENV)/bin/python -m dev.tasks demo

.PHONY: test
test: venv ## every suite, each within its budget; SUITES="lint unit" runs some
	@$(VENV)/bin/python -m dev.tasks test $(SUITES)

.PHONY: test-full
test-full: venv ## every suite there is, hours, or some by SUITES="..."; writes docs/test-report.md
	@$(VENV)/bin/python -m dev.tasks test --full $(SUITES)

# --- parts of them ----------------------------------------------------------------------------------------------

.PHONY: check
check: venv ## lint, types, import contracts and unit tests, side by side: within a minute
	@$(VENV)/bin/python -m dev.tasks check

.PHONY: generate
generate: venv ## write CRDs, hooks, roles, PROJECT and the field references from the kinds' types and descriptors
	@$(VENV)/bin/python -m dev.generate

.PHONY: grpc
grpc: venv ## compile the messages that Alluxio is asked by, after a change of them
	@cd src && ../$(VENV)/bin/python -m grpc_tools.protoc -I . --python_out=. --pyi_out=. alluxio_operator/alluxio/rpc/messages.proto

.PHONY: golden
golden: venv ## regenerate the golden cases; read the diff before committing it
	@$(VENV)/bin/python -m tests.golden.regenerate

.PHONY: images
images: venv ## build the operator's image and Alluxio's, without a registry
	@$(VENV)/bin/python -m dev.tasks build --images

.PHONY: image
image: venv ## build the operator's image and tell of what it is made; VERSION=0.2.0 for another tag
	@$(VENV)/bin/python -m dev.images $(if $(VERSION),--operator-version $(VERSION)) build operator
	@$(VENV)/bin/python -m dev.images $(if $(VERSION),--operator-version $(VERSION)) layers

.PHONY: bundle
bundle: venv ## generate bundle/ from config/ with operator-sdk; IMAGE=... for another image of the operator
	@$(VENV)/bin/python -m dev.olm bundle $(if $(IMAGE),--image $(IMAGE))

.PHONY: bundle-check
bundle-check: venv ## check the bundle as catalogs do: validators, scorecard, opm, drift; no cluster needed
	@$(VENV)/bin/python -m dev.tasks test bundle

.PHONY: catalog
catalog: venv ## make the catalog of the released versions in build/catalog
	@$(VENV)/bin/python -m dev.olm catalog

.PHONY: install-yaml
install-yaml: venv ## write the operator as one file, build/release/alluxio-operator.yaml
	@$(VENV)/bin/python -m dev.olm yaml

.PHONY: submission
submission: venv ## lay out VERSION=... with IMAGE=... for a community catalog in build/submission
	@$(VENV)/bin/python -m dev.olm submission "$(VERSION)" "$(IMAGE)"

.PHONY: olm
olm: venv ## run the Operator Lifecycle Manager and the catalog on the local cluster
	@$(VENV)/bin/python -m dev.olm up

.PHONY: olm-down
olm-down: venv ## end both
	@$(VENV)/bin/python -m dev.olm down

.PHONY: olm-test
olm-test: venv ## install, upgrade and uninstall by the real Operator Lifecycle Manager on the local cluster, minutes
	@$(VENV)/bin/python -m dev.tasks test olm

.PHONY: deploy
deploy: venv ## put the operator into the local cluster; FORM=namespaced for its own namespace only
	@$(VENV)/bin/python -m dev.tasks deploy $(if $(FORM),--form $(FORM))

.PHONY: scenarios
scenarios: venv ## the kuttl scenarios on the local cluster; STORY=drift runs one
	@$(CLUSTER) tools kuttl >/dev/null && mkdir -p build/reports && dev/in-cluster kubectl-kuttl test --config=kuttl-tests/kuttl-test.yaml --artifacts-dir=build/reports $(if $(STORY),--test $(STORY))

.PHONY: faults
faults: venv ## the long form of the fault tests, about an hour; ARGS="-k crash" runs some
	@$(VENV)/bin/python -m dev.tasks.faults --long $(ARGS)

.PHONY: bench
bench: venv ## measure against the floor, kopf and helm, about an hour on a quiet machine; ARGS="--quick" takes minutes
	@$(VENV)/bin/python -m bench run $(ARGS)
	@$(if $(findstring quick,$(ARGS)),,$(MAKE) --no-print-directory bench-report)

.PHONY: bench-real-node
bench-real-node: venv ## measure on the local cluster, with the operator deployed there
	@dev/in-cluster $(VENV)/bin/python -m bench real-node $(ARGS)

.PHONY: bench-presto
bench-presto: venv ## measure queries through Alluxio and past it on the local cluster, with the operator deployed there
	@dev/in-cluster $(VENV)/bin/python -m bench presto $(ARGS)

.PHONY: bench-report
bench-report: venv ## write docs/performance.md and its plots from bench/results
	@$(VENV)/bin/python -m bench report

.PHONY: lock
lock: venv ## resolve the dependencies again, with hashes
	$(VENV)/bin/pip-compile --quiet --generate-hashes --strip-extras --no-emit-index-url --no-emit-find-links \
	  --no-emit-trusted-host -o requirements/runtime.txt pyproject.toml
	$(VENV)/bin/pip-compile --quiet --allow-unsafe --generate-hashes --strip-extras --no-emit-index-url \
	  --no-emit-find-links --no-emit-trusted-host --extra dev --extra bench -c requirements/runtime.txt -o requirements/dev.txt pyproject.toml
