"""What the tests with the real Operator Lifecycle Manager share: namespaces, subscriptions, and what comes of them."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from dev.olm import catalog
from dev.olm.bundle import CHANNELS, PACKAGE
from dev.olm.lifecycle import NAMESPACE, Lifecycle
from dev.tasks.shell import ROOT, StepFailed, inside

Json = dict[str, Any]

LABEL = "alluxio-operator.io/olm-test"
ALX = "alluxioclusters.alluxio-operator.io"
WAITS = "RequiresApproval"
"""Phase of a plan that is whole, and is carried out once somebody approves it."""
LIGHT_IMAGE = {"repository": "alluxio-operator.invalid/none", "pullPolicy": "Never"}
"""No pod of it ever runs: for tests that only ask who looks after a resource."""


def until(check: Callable[[], object], seconds: float, what: str, explain: Callable[[], str] = lambda: "") -> None:
    """Wait until `check` gives something true; a failing call counts as not yet."""
    deadline = time.monotonic() + seconds
    last = ""
    while time.monotonic() < deadline:
        try:
            if check():
                return
            last = ""
        except (StepFailed, KeyError, IndexError) as failure:
            last = str(failure)
        time.sleep(0.5)
    raise AssertionError(f"not within {seconds:g} s: {what}\n{last}\n{explain()}")


def kubectl(*arguments: str, text: str | None = None) -> str:
    """Run kubectl on the local cluster and return what it printed."""
    return inside("kubectl", *arguments, text=text)


def get(kind: str, name: str, namespace: str) -> Json | None:
    """Read an object; None when there is none."""
    found = kubectl("get", kind, name, "-n", namespace, "--ignore-not-found", "-o", "json")
    return dict(json.loads(found)) if found.strip() else None


def items(kind: str, namespace: str, selector: str = "") -> list[Json]:
    """Read the objects of a kind."""
    chosen = ("-l", selector) if selector else ()
    found = json.loads(kubectl("get", kind, "-n", namespace, "-o", "json", *chosen))
    return list(found["items"])


def apply(*objects: Json) -> None:
    """Apply objects server-side."""
    kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", text=yaml.safe_dump_all(objects))


class Installed:
    """The operator as one Subscription of one namespace has it installed."""

    def __init__(self, namespace: str, source: str, channel: str, *, manual: bool = False) -> None:
        self.namespace, self.source, self.channel, self.manual = namespace, source, channel, manual

    def group(self, targets: Sequence[str] | None) -> None:
        """Make the OperatorGroup; None is for all namespaces."""
        spec: Json = {} if targets is None else {"targetNamespaces": list(targets)}
        apply({"apiVersion": "operators.coreos.com/v1", "kind": "OperatorGroup", "spec": spec, **self._named("group")})

    def subscribe(self, starting: str = "", config: Json | None = None) -> None:
        """Make the Subscription; `config` is what its owner sets of the operator's Deployment."""
        spec: Json = {
            "channel": self.channel,
            "name": PACKAGE,
            "source": self.source,
            "sourceNamespace": NAMESPACE,
            "installPlanApproval": "Manual" if self.manual else "Automatic",
        }
        if starting:
            spec["startingCSV"] = starting
        if config:
            spec["config"] = config
        kind = {"apiVersion": "operators.coreos.com/v1alpha1", "kind": "Subscription"}
        apply({**kind, "spec": spec, **self._named(PACKAGE)})

    def unsubscribe(self) -> None:
        """Take the operator away as its users do: Subscription and ClusterServiceVersions."""
        # A plan that is being carried out would put its version back.
        until(lambda: not self._busy_plans(), 30, "no plan is being carried out", self.explain)
        kubectl("delete", "subscription.operators.coreos.com", PACKAGE, "-n", self.namespace, "--ignore-not-found")
        kubectl("delete", "clusterserviceversion", "--all", "-n", self.namespace, "--wait")
        until(lambda: not self.pods(), 60, "the operator's pods are gone", self.explain)

    def _busy_plans(self) -> list[str]:
        plans = items("installplan", self.namespace)
        done = ("Complete", "Failed", "RequiresApproval")
        return [one["metadata"]["name"] for one in plans if one.get("status", {}).get("phase") not in done]

    def approve(self, name: str, seconds: float = 60) -> None:
        """Wait for the InstallPlan of a version, which waits for approval, and approve it and no other."""
        until(lambda: self.waiting(name), seconds, f"a plan for {name} waits for approval", self.explain)
        [plan] = self.waiting(name)
        patch = '{"spec":{"approved":true}}'
        kubectl("patch", "installplan", plan, "-n", self.namespace, "--type=merge", f"--patch={patch}")

    def waiting(self, name: str) -> list[str]:
        """Return the InstallPlans of a version that wait for approval."""
        plans = items("installplan", self.namespace)
        wanted = [one for one in plans if name in one["spec"]["clusterServiceVersionNames"]]
        # One that is approved before OLM's first word of it never gets a status, and is never carried out.
        return [one["metadata"]["name"] for one in wanted if one.get("status", {}).get("phase") == WAITS]

    def phase(self, name: str) -> str:
        """Return the phase of a ClusterServiceVersion; empty when there is none."""
        csv = get("clusterserviceversion", name, self.namespace)
        return str((csv or {}).get("status", {}).get("phase", ""))

    def reason(self, name: str) -> str:
        """Return the reason of that phase."""
        csv = get("clusterserviceversion", name, self.namespace)
        return str((csv or {}).get("status", {}).get("reason", ""))

    def succeeded(self, name: str, seconds: float = 90) -> None:
        """Wait until a version is installed, and alone."""
        until(lambda: self.phase(name) == "Succeeded", seconds, f"{name} is installed", self.explain)
        until(lambda: self.versions() == [name], 60, f"{name} is the only version", self.explain)

    def versions(self) -> list[str]:
        """Return the ClusterServiceVersions of the namespace; copies of other namespaces' don't count."""
        found = items("clusterserviceversion", self.namespace, "!olm.copiedFrom")
        return sorted(one["metadata"]["name"] for one in found)

    def pods(self) -> list[Json]:
        """Return the operator's pods."""
        return items("pods", self.namespace, f"app.kubernetes.io/name={PACKAGE}")

    def version_of_pods(self) -> dict[str, str]:
        """Return each ready pod of the operator with the version that it is of."""
        found = {}
        for pod in self.pods():
            env = {one["name"]: one.get("value", "") for one in pod["spec"]["containers"][0]["env"]}
            conditions = {one["type"]: one["status"] for one in pod["status"].get("conditions", ())}
            if conditions.get("Ready") == "True":
                found[pod["metadata"]["name"]] = env.get("ALLUXIO_OPERATOR_BUNDLE_VERSION", "")
        return found

    def leader(self) -> str:
        """Return the pod that holds the Lease."""
        lease = get("lease", PACKAGE, self.namespace)
        return str((lease or {})["spec"]["holderIdentity"]).partition("_")[0]

    def upgradeable(self, name: str) -> Json:
        """Return what the operator says of itself in the OperatorCondition of a version."""
        condition = get("operatorcondition", name, self.namespace) or {}
        found = condition.get("spec", {}).get("conditions", ())
        return next((dict(one) for one in found if one["type"] == "Upgradeable"), {})

    def may(self, verb: str, resource: str, namespace: str) -> bool:
        """Ask the API server what the operator's account may do somewhere."""
        account = f"system:serviceaccount:{self.namespace}:{PACKAGE}"
        command = ("kubectl", "auth", "can-i", verb, resource, "-n", namespace, f"--as={account}")
        done = subprocess.run(["dev/in-cluster", *command], cwd=ROOT, capture_output=True, text=True, check=False)
        answer = done.stdout.strip()
        assert answer in ("yes", "no"), done.stderr
        return answer == "yes"

    def explain(self) -> str:
        """Return what a person would look at."""
        lines = []
        for kind in ("subscription.operators.coreos.com", "installplan", "clusterserviceversion"):
            for one in items(kind, self.namespace):
                status = one.get("status", {})
                said = {key: status.get(key) for key in ("phase", "reason", "message", "state") if status.get(key)}
                troubles = [c for c in status.get("conditions", ()) if "message" in c][-3:]
                lines.append(f"{kind} {one['metadata']['name']}: {said} {troubles}")
        for pod in self.pods():
            lines.append(f"pod {pod['metadata']['name']}: {pod['status']}")
        return "\n".join(lines)

    def _named(self, name: str) -> Json:
        return {"metadata": {"name": name, "namespace": self.namespace}}


def light(name: str, namespace: str) -> Json:
    """Return a cluster of which no pod will ever run."""
    made: Json = yaml.safe_load((ROOT / "config" / "samples" / "small.yaml").read_text())
    made["metadata"] = {"name": name, "namespace": namespace}
    made["spec"]["image"] = LIGHT_IMAGE
    return made


def followed(name: str, namespace: str) -> bool:
    """Tell whether an operator looks after the latest spec of a cluster."""
    found = get(ALX, name, namespace) or {}
    return bool(found) and found.get("status", {}).get("observedGeneration") == found["metadata"]["generation"]


@contextmanager
def namespaces(*names: str) -> Iterator[None]:
    """Make namespaces, and remove them with all that is in them."""
    remove(*names)
    for name in names:
        apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {LABEL: "true"}}})
    try:
        yield
    finally:
        remove(*names)


def remove(*names: str) -> None:
    """Remove namespaces; nothing here may hang, so it takes seconds."""
    kubectl("delete", "namespace", *names, "--ignore-not-found", "--wait", "--timeout=120s")


class Source:
    """One served catalog, whose versions a test changes."""

    def __init__(self, lifecycle: Lifecycle, name: str, port: int, folder: Path) -> None:
        self.lifecycle, self.name, self._port, self._folder = lifecycle, name, port, folder
        self._bundles: list[Path] = []
        self._entries: dict[str, list[Json]] = {channel: [] for channel in CHANNELS}

    def publish(self, bundle: Path, entry: Json, channels: Sequence[str] = CHANNELS) -> None:
        """Add a version to channels, as their new head."""
        self._bundles.append(bundle)
        self.promote(entry, channels)

    def promote(self, entry: Json, channels: Sequence[str]) -> None:
        """Add a version that is published already to further channels, as their head; wait until OLM has read it."""
        for channel in channels:
            self._entries[channel].append(entry)
        documents = catalog.channels(self._entries)
        target = catalog.write(self.lifecycle.programs, documents, self._bundles, self._folder)
        began = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.lifecycle.serve(target, self.name, self._port)
        # What OLM resolves before that it resolves from what it had read earlier.
        until(lambda: self._read_since(began), 60, f"the catalog {self.name} is read anew")

    def _read_since(self, moment: str) -> bool:
        source = get("catalogsource.operators.coreos.com", self.name, NAMESPACE) or {}
        state = source.get("status", {}).get("connectionState", {})
        return state.get("lastObservedState") == "READY" and state.get("lastConnect", "") >= moment
