"""Errors for the user."""


class ClusterError(Exception):
    """A requirement is missing, or a step failed; the message names the cause and the remedy.

    `component` names the process whose log has details.
    """

    def __init__(self, message: str, component: str | None = None) -> None:
        super().__init__(message)
        self.component = component
