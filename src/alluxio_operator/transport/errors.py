"""Words for transport errors: a closed list, so that a status neither varies from call to call nor quotes a server.

An endpoint may be named by a user without the right to reach it. The text of an exception may contain the server's
bytes, so the operator never repeats it.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from typing import Final

from urllib3 import exceptions

from alluxio_operator.transport.http import AddressRefused, AnswerEncoded, AnswerTooLarge, ResolverBusy

_BY_TYPE: Final[tuple[tuple[tuple[type[BaseException], ...], str], ...]] = (
    ((AnswerTooLarge,), "its answer is too large"),
    ((AnswerEncoded,), "its answer is compressed, though the request asked for none"),
    ((ResolverBusy,), "the operator is busy with the lookup of other names"),
    ((AddressRefused,), "the operator connects to no loopback, link-local or multicast address"),
    ((exceptions.NameResolutionError,), "its name can't be resolved"),
    # Before timeouts, because urllib3 derives it from one.
    ((exceptions.NewConnectionError,), "no connection"),
    ((exceptions.TimeoutError, TimeoutError), "no answer in time"),
    ((exceptions.LocationValueError,), "its address isn't valid"),
    ((exceptions.SSLError,), "the TLS handshake failed"),
)
_BY_ERRNO: Final = {
    errno.ECONNREFUSED: "connection refused",
    errno.EHOSTUNREACH: "no route",
    errno.ENETUNREACH: "no route",
    errno.ECONNRESET: "it closed the connection",
    errno.EPIPE: "it closed the connection",
}
NOT_HTTP: Final = "its answer isn't HTTP, or is cut off"


def in_words(error: exceptions.HTTPError) -> str:
    """Return why a request got no answer."""
    causes = list(_causes(error))
    numbers = (cause.errno for cause in causes if isinstance(cause, OSError))
    found = next((_BY_ERRNO[number] for number in numbers if number in _BY_ERRNO), None)
    if found is not None:
        return found
    return next((words for types, words in _BY_TYPE if any(isinstance(cause, types) for cause in causes)), NOT_HTTP)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
