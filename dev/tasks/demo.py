"""The main job from nothing: a cluster, the operator, an AlluxioCluster, a file and a table through it."""

from __future__ import annotations

import os
import sys
import time

from dev.cluster.tools import CLUSTER_TOOLS, SHELL_OPERATOR
from dev.tasks.build import Parts, build, names
from dev.tasks.deploy import deploy
from dev.tasks.shell import ROOT, StepFailed, duration, inside, python, run, say, step

NAMESPACE = "demo"
NAME = "small"
PARTS = Parts(
    tools=names((*CLUSTER_TOOLS, SHELL_OPERATOR)), images=("operator", "alluxio-2.9.4", "presto", "metastore")
)
"""What is run here, and so is built."""


def main() -> int:
    """Run the demonstration; return the exit code."""
    began = time.monotonic()
    try:
        prepare()
        show()
    except StepFailed as failure:
        print(f"\nerror: {failure}", file=sys.stderr)
        return 1
    print(f"\nAll of it took {duration(time.monotonic() - began)}.\n{_next()}")
    return 0


def prepare() -> None:
    """Bring up the cluster, the images and the operator."""
    with step("tools from Go modules, and images from Maven, PyPI and Debian: 20 minutes the first time, then cached"):
        build(PARTS, say)
    with step("a Kubernetes cluster in a network namespace of its own"):
        run(*python("-m", "dev.cluster", "up"))
    with step("the operator, as a Deployment from its image"):
        deploy()
        print(inside("kubectl", "-n", "alluxio-operator", "get", "pods"))


def show() -> None:
    """Create a cluster and use it."""
    with step(f"an AlluxioCluster (config/samples/{NAME}.yaml), and everything that follows from it in order"):
        inside("kubectl", "create", "namespace", NAMESPACE, "--save-config") if not _exists() else None
        inside("kubectl", "delete", "alx", NAME, "-n", NAMESPACE, "--ignore-not-found", "--wait")
        inside("kubectl", "apply", "-n", NAMESPACE, "-f", f"config/samples/{NAME}.yaml")
        run("dev/in-cluster", *python("-m", "dev.tasks.timeline", NAMESPACE, NAME))
    with step("a file of 8 MiB written and read back through Alluxio, by a pod that knows only the client ConfigMap"):
        script = f". {ROOT}/kuttl-tests/support/lib.sh; roundtrip {NAME}"
        run("dev/in-cluster", "bash", "-c", script, env={"NAMESPACE": NAMESPACE})
    with step("a Presto on it: a table written through Alluxio, and a second query that the cache answers"):
        # Tables that the metastore of an earlier run knows were in the cluster of that run.
        for old in (f"presto/{NAME}", "pod/metastore"):
            inside("kubectl", "delete", old, "-n", NAMESPACE, "--ignore-not-found", "--wait")
        inside("kubectl", "apply", "-n", NAMESPACE, "-f", "kuttl-tests/support/metastore.yaml")
        inside("kubectl", "apply", "-n", NAMESPACE, "-f", f"config/samples/presto/{NAME}.yaml")
        run("dev/in-cluster", "bash", "kuttl-tests/support/presto-demo.sh", NAME, env={"NAMESPACE": NAMESPACE})
    with step("the state of the whole"):
        print(inside("kubectl", "get", "alx,presto", "-n", NAMESPACE, "-o", "wide"))
        print(inside("kubectl", "get", "pods,pvc", "-n", NAMESPACE))


def _exists() -> bool:
    return NAMESPACE in inside("kubectl", "get", "namespaces", "-o", "name")


def _next() -> str:
    inside_command = os.path.relpath(ROOT / "dev/in-cluster")
    return f"""
Where to go next (the cluster keeps running until `make cluster-down`):
  {inside_command} kubectl -n {NAMESPACE} describe alx {NAME}          conditions and events
  {inside_command} kubectl -n {NAMESPACE} edit alx {NAME}              change a property, watch who restarts
  {inside_command} kubectl -n {NAMESPACE} exec -it {NAME}-master-0 -c master -- alluxio fs ls /
  {inside_command} kubectl -n alluxio-operator logs deploy/alluxio-operator
"""


if __name__ == "__main__":
    sys.exit(main())
