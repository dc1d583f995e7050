"""The one kind of failure that a person is meant to read."""


class ClusterError(Exception):
    """Something that the cluster needs is missing or failed; the message says what and what to do.

    `component` names the process whose log tells more.
    """

    def __init__(self, message: str, component: str | None = None) -> None:
        super().__init__(message)
        self.component = component
