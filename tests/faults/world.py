"""A namespace with an operator of its own behind a proxy, and all that a test does with them."""

from __future__ import annotations

import json
import re
import secrets
import shutil
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psutil
import yaml
from dev.simulation.operator import LocalOperator
from tests.api.stage import Api, Json, until
from tests.faults.alluxio import behave
from tests.faults.calls import Written
from tests.faults.endstate import State, difference, end_state
from tests.faults.proxy import Loop, Proxy, Upstream
from tests.support.builders import ROOT, merged

from alluxio_operator.api.alluxiocluster import KIND
from alluxio_operator.kube.kinds import KINDS

LEASES = "/apis/coordination.k8s.io/v1/namespaces/default/leases"
"""Where the Leases are: the namespaces that are under test hold nothing but the operator's work."""
LABEL = "alluxio-operator.io/fault-test"
SAMPLE: Json = yaml.safe_load((ROOT / "config" / "samples" / "small.yaml").read_text())
# The nodes of a run's pods are left to chance, and pods on several nodes of a volume for one are warned of.
SAMPLE["spec"]["rootMount"]["volume"]["accessModes"] = ["ReadWriteMany"]
# The first listing of data at risk writes the status within five minutes, at a moment that the resource's uid decides.
SAMPLE["spec"].setdefault("workers", {})["atRiskIntervalMinutes"] = 0
NAME = "small"
PRESTO = "Presto"
PRESTO_SAMPLE: Json = yaml.safe_load((ROOT / "config" / "samples" / "presto" / "small.yaml").read_text())
"""On the sample's cluster, which has the same name."""
PATIENCE = 90.0
"""Seconds for a cluster to settle; undisturbed it takes about five. A bound against hanging, not a promise."""

LOOK = 0.25
"""Seconds between two looks at a world: many run side by side, and what looks at them shares the cores with them."""

COMPARE = 1.0
"""Seconds between two comparisons of an end state, each of which lists everything there is."""

SETTLING = 1.0
"""Seconds without a change after which a run is taken for finished; gates are asked again after one second at first."""

KEEPS_ITS_LEASE = {
    "ALLUXIO_OPERATOR_LEASE_DURATION_SECONDS": "15",
    "ALLUXIO_OPERATOR_LEASE_RENEW_DEADLINE_SECONDS": "10",
}
"""Settings for an operator that nothing starts again. On a busy machine it can miss the short Lease of the other
worlds, and a leader that misses its Lease ends."""

OPERATORS: list[LocalOperator] = []
"""All that there ever were."""
ENDING = threading.Event()
"""Set when the tests end early: worlds that run side by side then end, too."""

OPERATION = re.compile(r"-[0-9a-f]{8}[ac](?=(-[0-9])?$)")
"""End of the name of a Job of the journal, but for the number of its master."""

JOURNAL_JOB = re.compile(rf"jobs/{NAME}-journal(-[0-9])?")
"""Such a Job, without its operation."""

TRACEBACK = '"traceback"'
"""Field of the log's lines that tell of an exception; each line is one JSON document."""


class Kubelet:
    """Starts an operator anew when it has ended, as a kubelet does, a moment later."""

    def __init__(self, operator: LocalOperator, pause: float = 0.5) -> None:
        self._operator = operator
        self._pause = pause
        self._done = threading.Event()
        self.restarts = 0
        self._thread = threading.Thread(target=self._run, name="kubelet", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._done.wait(self._pause) and not ENDING.is_set():
            if not self._operator.running():
                self._operator.start()
                self.restarts += 1

    def end(self) -> None:
        """Start nothing more."""
        self._done.set()
        self._thread.join(10)


class World:
    """One namespace; `first` is its operator, `replica` adds another one."""

    def __init__(
        self,
        api: Api,
        loop: Loop,
        upstream: Upstream,
        collections: list[tuple[str, str]],
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.api = api
        self.namespace = f"fault-{secrets.token_hex(3)}"
        self._loop = loop
        self._upstream = upstream
        self._collections = collections
        self._settings = dict(settings or {})
        # Short, since the paths of Unix sockets are.
        self.home = Path(tempfile.mkdtemp(prefix="alx-"))
        self.operators: list[LocalOperator] = []
        self.proxies: list[Proxy] = []
        self.kubelets: list[Kubelet] = []
        self._behaving: set[str] = set()
        self.noted: dict[str, Any] = {}
        """What a scenario has noted before its act, to be compared with the end."""
        self._make_namespace()
        self.first = self.replica()
        self.proxy = self.proxies[0]

    # --- operators ------------------------------------------------------------------------------------------------

    def replica(self) -> LocalOperator:
        """Return one more replica, behind a proxy of its own; it is not started."""
        home = self.home / f"{len(self.operators)}"
        proxy = Proxy(self._loop, self._upstream)
        operator = LocalOperator(
            home,
            {
                "KUBECONFIG": str(proxy.write_kubeconfig(home / "kubeconfig")),
                "WATCH_NAMESPACE": self.namespace,
                "POD_NAMESPACE": "default",
                "ALLUXIO_OPERATOR_LEASE_NAME": self.namespace,
                **self._settings,
            },
        )
        self.operators.append(operator)
        OPERATORS.append(operator)
        self.proxies.append(proxy)
        return operator

    def start_anew(self) -> None:
        """Start the operator after it was killed.

        Its Lease is removed: it is known to be dead, and to wait for the Lease to run out is another test's subject.
        """
        until(lambda: not self.first.running())
        self.api.call("DELETE", f"{LEASES}/{self.namespace}")
        self.first.start()

    def keep_running(self) -> Kubelet:
        """Have a kubelet look after the operator from now on."""
        kubelet = Kubelet(self.first)
        self.kubelets.append(kubelet)
        return kubelet

    def queue_is_empty(self) -> bool:
        """Tell whether no owner waits for a worker."""
        reasons = ("edit", "child", "requeue", "resync")
        depths = [self.first.metric(f'alluxio_operator_queue_depth{{reason="{reason}"}}') for reason in reasons]
        return depths == [0.0] * len(reasons)

    def tracebacks(self) -> list[str]:
        """Return the lines of the operators' logs that carry a traceback, or are one."""
        found = []
        for operator in self.operators:
            for line in operator.log.read_text(errors="replace").splitlines() if operator.log.exists() else ():
                if TRACEBACK in line or line.startswith("Traceback"):
                    found.append(line[:2000])
        return found

    @property
    def written(self) -> list[Written]:
        """What all replicas wrote, in the order in which it was done."""
        return sorted((one for proxy in self.proxies for one in proxy.written), key=lambda one: one.at)

    # --- the resource ---------------------------------------------------------------------------------------------

    def path(self, name: str = NAME, kind: str = KIND) -> str:
        """Return the path of an AlluxioCluster or a Presto."""
        return KINDS[kind].path(self.namespace, name)

    def create(self, name: str = NAME, kind: str = KIND, **over: Any) -> None:
        """Create an AlluxioCluster or a Presto as the sample, laid over with `over`."""
        sample = PRESTO_SAMPLE if kind == PRESTO else SAMPLE
        body = {**sample, "metadata": {"name": name}, "spec": merged(sample["spec"], over)}
        self.api.call("POST", KINDS[kind].path(self.namespace), body, ok=True, fieldValidation="Strict")

    def edit(self, name: str = NAME, kind: str = KIND, **over: Any) -> None:
        """Change the spec by a merge patch; None removes a field."""
        answer = self.api.merge(self.path(name, kind), {"spec": over})
        assert answer.status == 200, answer.message

    def delete(self, name: str = NAME, kind: str = KIND) -> None:
        """Delete an AlluxioCluster or a Presto."""
        self.api.call("DELETE", self.path(name, kind), ok=True)

    def get(self, name: str = NAME, kind: str = KIND) -> Json:
        """Return an AlluxioCluster or a Presto; empty when there is none."""
        answer = self.api.call("GET", self.path(name, kind))
        return answer.body if answer.status == 200 else {}

    def is_ready(self, name: str = NAME, kind: str = KIND) -> bool:
        """Tell whether an AlluxioCluster or a Presto is Ready as its present spec says."""
        return says(self.get(name, kind), "Ready")

    def wait_until_ready(self, seconds: float = PATIENCE) -> None:
        """Wait for the AlluxioCluster; raise with its status and the end of the log."""
        self.until(self.is_ready, seconds)

    # --- its pods ---------------------------------------------------------------------------------------------------

    def addresses(self, role: str) -> dict[str, str]:
        """Return the addresses of a role's pods, by name; of those that have one."""
        selector = f"app.kubernetes.io/component={role}"
        pods = self.api.call("GET", f"/api/v1/namespaces/{self.namespace}/pods", ok=True, labelSelector=selector)
        found = {pod["metadata"]["name"]: pod["status"].get("podIP", "") for pod in pods.body["items"]}
        return {name: address for name, address in found.items() if address}

    def pods(self, *roles: str) -> dict[str, str]:
        """Return the uids of some roles' pods, by name."""
        selector = f"app.kubernetes.io/component in ({','.join(roles)})"
        found = self.api.call("GET", f"/api/v1/namespaces/{self.namespace}/pods", ok=True, labelSelector=selector)
        return {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in found.body["items"]}

    def behave(self, masters: Mapping[str, str], follows: str) -> None:
        """Let the masters, by their addresses, behave in a way until they have another address or the world is closed.

        Each time anew: an address that was another world's is given back by it at some moment.
        """
        for address in self._behaving - masters.keys():
            behave(address)
        for address, mode in masters.items():
            behave(address, mode, follows=follows)
        self._behaving = set(masters)

    def has_pods(self) -> bool:
        """Return True while there is any pod."""
        return bool(self.api.call("GET", f"/api/v1/namespaces/{self.namespace}/pods", ok=True).body["items"])

    # --- what is left ---------------------------------------------------------------------------------------------

    def end_state(self) -> State:
        """Return everything in the namespace."""
        return end_state(self.api, self._collections, self.namespace)

    def until(self, condition: Callable[[], object], seconds: float = PATIENCE) -> None:
        """Wait until something holds; raise TimeoutError with the state of the cluster and the end of the log."""

        def holds() -> object:
            if ENDING.is_set():
                raise InterruptedError("the tests are told to end")
            return condition()

        try:
            until(holds, seconds, LOOK)
        except TimeoutError as error:
            said = [self.get(kind=kind).get("status", {}).get("conditions") for kind in (KIND, PRESTO)]
            conditions = json.dumps([one for one in said if one], indent=1)
            raise TimeoutError(f"{error}; conditions: {conditions}\nlog:\n{self.first.tail(30)}") from error

    def until_settled(self, done: Callable[[World], bool]) -> State:
        """Wait until something holds and nothing changes any more, and return what there is."""
        self.until(lambda: done(self))
        states = [self.end_state()]

        def still() -> bool:
            pause(SETTLING)
            states.append(self.end_state())
            return states[-1] == states[-2] and done(self)

        self.until(still)
        return states[-1]

    def wait_for_end_state(self, expected: State, done: Callable[[World], bool], seconds: float = PATIENCE) -> None:
        """Wait until something holds and everything is as expected; raise AssertionError with the differences."""
        self.until(lambda: done(self), seconds)
        lines: list[str] = ["never looked"]
        kinds = {ref.partition("/")[0] for ref in expected}
        some = [(kind, path) for kind, path in self._collections if kind in kinds]

        def equal() -> bool:
            # Everything only once the expected kinds agree: each list costs the API server, which all worlds share.
            lines[:] = difference(expected, end_state(self.api, some, self.namespace))
            if not lines:
                lines[:] = difference(expected, self.end_state())
            return not lines

        try:
            until(equal, seconds, COMPARE)
        except TimeoutError:
            shown = "\n".join(lines[:40])
            raise AssertionError(f"the end differs:\n{shown}\nlog:\n{self.first.tail(30)}") from None

    def journal_jobs(self) -> int:
        """Return how many Jobs for the journal were ever created."""
        return sum(JOURNAL_JOB.fullmatch(one) is not None for one in self.created())

    def created(self, since: int = 0) -> list[str]:
        """Return what operators created `since` so many writes, sorted; a Job's name without its operation."""
        made = [one.call for one in self.written[since:] if one.call.effective and one.created]
        # Of a spec that was good there is one for each: named after what it holds, it can't be made twice.
        made = [call for call in made if call.plural != "controllerrevisions"]
        return sorted(OPERATION.sub("", f"{call.plural}/{call.name}") for call in made)

    def operations(self) -> set[str]:
        """Return the journal's operations that a status ever named."""
        return {one.operation for one in self.written if one.operation}

    def close(self) -> None:
        """End its processes and remove what it made."""
        for kubelet in self.kubelets:
            kubelet.end()
        for operator in self.operators:
            operator.resume()
            operator.kill()
        for proxy in self.proxies:
            proxy.close()
        for address in self._behaving:
            # Before its pod goes: the address is another pod's then.
            behave(address)
        self._end_orphans()
        shutil.rmtree(self.home, ignore_errors=True)
        for path in (f"{LEASES}/{self.namespace}", f"/api/v1/namespaces/{self.namespace}"):
            self.api.call("DELETE", path)

    def _end_orphans(self) -> None:
        # A hook whose parent was killed alone ends by itself within seconds; none may outlive the directory.
        for process in psutil.process_iter(["environ"]):
            if (process.info["environ"] or {}).get("ALLUXIO_OPERATOR_RUN_DIR", "").startswith(str(self.home)):
                process.kill()

    def _make_namespace(self) -> None:
        body = {"kind": "Namespace", "metadata": {"name": self.namespace, "labels": {LABEL: "true"}}}
        self.api.call("POST", "/api/v1/namespaces", body, ok=True)
        account = f"/api/v1/namespaces/{self.namespace}/serviceaccounts/default"
        until(lambda: self.api.call("GET", account).status == 200)


def end_all_operators() -> None:
    """End what still runs, when tests end early."""
    for operator in OPERATORS:
        operator.resume()
        operator.kill()


def says(resource: Json, condition: str) -> bool:
    """Tell whether a condition is True, said of the present generation."""
    status = resource.get("status", {})
    if status.get("observedGeneration") != resource.get("metadata", {}).get("generation"):
        return False
    return any(one["type"] == condition and one["status"] == "True" for one in status.get("conditions", ()))


WorldMaker = Callable[..., World]


def pause(seconds: float) -> None:
    """Let time pass where time itself is the subject: a fault that lasts so long."""
    if ENDING.wait(seconds):
        raise InterruptedError("the tests are told to end")
