"""One session: one subject in its own simulation, and its measures one after the other."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from dev.cluster.crds import install_crds

from alluxio_operator.environment import AUTO
from alluxio_operator.server.child_events import source_for
from bench import clusters
from bench.api import Api, Json
from bench.clusters import Place
from bench.subjects import Kopf, Ours, Subject

CONNECTIONS = 32
"""Connections of the bench itself: creators, watches and a few reads."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Numbers of samples and durations of a session; durations in seconds."""

    edits: int
    idle: float
    touches: int
    hook_runs: int
    patience: float


PROFILES: Mapping[str, Profile] = {
    "full": Profile(edits=100, idle=300, touches=10_000, hook_runs=60, patience=1800),
    "quick": Profile(edits=12, idle=20, touches=300, hook_runs=15, patience=600),
}


@dataclass
class Session:
    """The context of a measure: API server, subject, clusters and profile."""

    api: Api
    size: int
    profile: Profile
    home: Path
    subject: Subject | None
    logs: Path
    """Folder of the control plane's logs, with its audit log."""
    name: str
    """Name of the subject, or of the bare client without an operator."""
    created_at: float = 0.0
    """Monotonic time of the first creation."""

    @property
    def places(self) -> tuple[Place, ...]:
        """Namespaces and names of the session's clusters."""
        return clusters.places(self.size)

    @property
    def operator(self) -> Subject:
        """The subject, for measures that need one. Raises LookupError without one."""
        if self.subject is None:
            raise LookupError("this measure needs an operator")
        return self.subject

    @property
    def ours(self) -> Ours | None:
        """The subject if it is this project's operator, else None."""
        return self.subject if isinstance(self.subject, Ours) else None

    def say(self, text: str) -> None:
        """Print a line of progress."""
        print(f"    {time.strftime('%H:%M:%S')}  {text}", flush=True)


def prepare(api: Api) -> None:
    """Create the CRDs and the operator's namespace in an empty simulation."""
    install_crds()
    clusters.prepare_namespaces(api, (Place("alluxio-operator", ""),))


def run(
    subject: str,
    size: int,
    measures: Mapping[str, Callable[[Session], Json]],
    profile: Profile,
    home: Path,
    logs: Path,
    found: Json,
) -> None:
    """Run the measures one after the other; put each result into `found`."""
    api = Api(CONNECTIONS)
    prepare(api)
    home.mkdir(parents=True, exist_ok=True)
    session = Session(api, size, profile, home, _subject(subject, size, home), logs, subject)
    clusters.prepare_namespaces(api, session.places)
    try:
        if session.subject is not None:
            session.subject.start()
            session.subject.wait_until_it_serves()
        for name, measure in measures.items():
            began = time.monotonic()
            session.say(f"{subject} at {size}: {name}")
            found[name] = measure(session)
            session.say(f"{subject} at {size}: {name} took {time.monotonic() - began:.1f} s {brief(found[name])}")
    finally:
        if session.subject is not None:
            session.subject.stop()


def _subject(name: str, size: int, home: Path) -> Subject | None:
    match name:
        case "ours":
            # The choice of a start with all clusters present, because here the operator starts before their creation.
            return Ours(home, source_for(AUTO, size))
        case "hooks" | "watch":
            return Ours(home, name)
        case "kopf":
            return Kopf(home)
    return None


def brief(found: Json) -> str:
    """Return the plain numbers of a result, for progress output."""
    numbers = {key: round(value, 3) for key, value in found.items() if isinstance(value, int | float)}
    return json.dumps(numbers) if numbers else ""
