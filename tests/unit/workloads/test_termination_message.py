"""What a container says with its last output: the first error, in a line."""

from __future__ import annotations

import pytest

from alluxio_operator.workloads.termination_message import gist

TRACE = """2030-01-02 03:04:05,678 INFO  MetricsSystem - Starting sinks with config: {}.
2030-01-02 03:04:06,123 ERROR ProcessUtils - Uncaught exception while running Alluxio master @small-master-0.
java.lang.RuntimeException: Failed to create the journal: no space left on device
\tat alluxio.master.AlluxioMasterProcess.start(AlluxioMasterProcess.java:222)
\tat alluxio.master.AlluxioMaster.main(AlluxioMaster.java:45)
Caused by: java.io.IOException: No space left on device
\t... 7 more
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TRACE, "java.lang.RuntimeException: Failed to create the journal: no space left on device"),
        ("one\n\ntwo\n\n", "two"),
        ("Error: Invalid or corrupt jarfile x.jar\nmore", "Error: Invalid or corrupt jarfile x.jar"),
        ("INFO an Exception in the middle of a line\nlast", "last"),
        ("Exception in thread main java.lang.Error: x\nlast", "Exception in thread main java.lang.Error: x"),
        ("", ""),
        ("\n \n", ""),
    ],
)
def test_the_line_that_tells_most(text: str, said: str):
    assert gist(text) == said


DENIED = """java.lang.RuntimeException: Failed to start masters
\tat alluxio.Registry.start(Registry.java:152)
Caused by: java.util.concurrent.ExecutionException: alluxio.underfs.s3a.AlluxioS3Exception: 403 Forbidden:Forbidden
\tat java.base/java.util.concurrent.FutureTask.report(FutureTask.java:122)
Caused by: com.amazonaws.services.s3.model.AmazonS3Exception: Forbidden (Service: Amazon S3; Status Code: 403)
\tat com.amazonaws.http.AmazonHttpClient.execute(AmazonHttpClient.java:719)
\t... 27 more
2030-01-02 03:04:06,170 INFO  [main](ProcessUtils.java:161) - Logging metrics and jstack on MASTER exit...
"""


REFUSED = """2030-01-02 03:04:06,101 WARN  [main](RaftServer.java:88) - retrying
java.net.ConnectException: small-master-1: Connection refused
2030-01-02 03:04:06,123 ERROR [main](AlluxioMasterProcess.java:9) - Fatal error: failed to start
java.lang.RuntimeException: Failed to create the journal
Caused by: java.nio.file.AccessDeniedException: /journal/raft
2030-01-02 03:04:06,130 ERROR [stop](MasterClient.java:7) - failed to stop
java.lang.IllegalStateException: no leader
Caused by: java.net.ConnectException: Connection refused
"""


def test_the_first_error_counts_and_not_its_consequence_or_an_earlier_warning():
    cause = "java.lang.RuntimeException: Failed to create the journal; caused by java.nio.file.AccessDeniedException: "

    assert gist(REFUSED) == f"{cause}/journal/raft"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2030-01-02 03:04:06,123 ERROR [main](Format.java:9) - No space on /journal\nbye", "No space on /journal"),
        ("2030-01-02T03:04:06.123Z\tERROR\tmain\tcom.facebook.X\tNo such catalog\nbye", "No such catalog"),
        (
            "2030-01-02T03:04:06.123Z\tERROR\tmain\tio.trino.server.Server\tConfiguration is invalid\n"
            "1) Error: Configuration property 'a.b' was not used\n"
            "com.facebook.airlift.bootstrap.ApplicationConfigurationException: Configuration errors:\n",
            "Configuration property 'a.b' was not used",
        ),
        ("2030-01-02 03:04:06,1 WARN [main](A.java:9) - hm\njava.io.IOException: x\nbye", "java.io.IOException: x"),
    ],
)
def test_the_first_error_of_each_sort_of_log(text: str, said: str):
    assert gist(text) == said


def test_a_cause_that_says_more_than_its_exception_is_said_too():
    assert gist(DENIED) == (
        "java.lang.RuntimeException: Failed to start masters; caused by "
        "com.amazonaws.services.s3.model.AmazonS3Exception: Forbidden (Service: Amazon S3; Status Code: 403)"
    )


def test_of_a_trace_that_lost_its_beginning_the_cause_is_said():
    cause = "com.amazonaws.services.s3.model.AmazonS3Exception: Forbidden (Service: Amazon S3; Status Code: 403)"

    assert gist(DENIED.partition("\n")[2]) == cause
    rest = DENIED[DENIED.index("(Service") :]
    assert gist(rest) == "(Service: Amazon S3; Status Code: 403)"


def test_a_long_line_is_cut():
    assert len(gist("x" * 1000)) == 300
    assert gist("x" * 300) == "x" * 300


def test_an_error_is_said_without_escape_sequences():
    assert gist("\x1b[31mError: \x1b]52;c;cm0gLXJm\x07lost\x1b[0m the \u202eway\x9b2J") == "Error: lost the way"
