"""No secret leaves in a report: by the names of values, and by what texts look like."""

from __future__ import annotations

import pytest

from alluxio_operator.plugin.redact import REDACTED, is_sensitive, text, value

SECRET = "hunter2hunter2"


@pytest.mark.parametrize(
    "name",
    ["password", "AWS_SECRET_ACCESS_KEY", "s3a.secretKey", "fs.azure.account.key", "dbPassphrase", "authToken",
     "aws.accessKeyId", "apiKey", "Authorization"],
)  # fmt: skip
def test_names_of_secrets(name: str):
    assert is_sensitive(name)


@pytest.mark.parametrize(
    "name",
    ["secretName", "passwordFile", "tokenExpirationSeconds", "key", "credentialsProvider", "heap", "imagePullSecrets",
     "secretKeyRef", "keytabPath"],
)  # fmt: skip
def test_names_that_only_speak_of_secrets(name: str):
    assert not is_sensitive(name)


@pytest.mark.parametrize(
    "line",
    [
        f"aws.secretKey={SECRET}",
        f"alluxio.underfs.password : {SECRET}",
        f"-Ds3a.secret.key={SECRET} -Xmx1g",
        f'{{"password": "{SECRET}", "user": "alice"}}',
        f"connecting to s3://alice:{SECRET}@storage.example/bucket",
        f"Authorization: Bearer {SECRET}",
        f'password="two words {SECRET}"',
        f"-----BEGIN RSA PRIVATE KEY-----\n{SECRET}\n-----END RSA PRIVATE KEY-----",
    ],
)
def test_texts_lose_their_secrets(line: str):
    cleaned = text(line)

    assert SECRET not in cleaned
    assert REDACTED in cleaned


def test_ids_of_keys_and_web_tokens_are_known_by_their_form():
    assert text("using AKIAABCDEFGHIJKLMNOP now") == f"using {REDACTED} now"
    assert text("eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.c2lnbmF0dXJl") == REDACTED


def test_what_is_no_secret_stays():
    line = "2026-01-01 INFO journal at /journal, heap=256m, user=alice, s3://bucket/path, key not found"

    assert text(line) == line


def test_objects_lose_secrets_wherever_they_stand():
    obj = {
        "metadata": {
            "name": "x",
            "managedFields": [{"manager": "m"}],
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": f'{{"a": "{SECRET}"}}', "kept": "1"},
        },
        "spec": {
            "env": [
                {"name": "AWS_SECRET_ACCESS_KEY", "value": SECRET},
                {"name": "KEYS", "valueFrom": {"secretKeyRef": {"name": "lake-keys", "key": "password"}}},
            ],
            "options": {"s3.secretKey": SECRET, "region": "eu", "token-auth": "false"},
        },
        "data": {"alluxio-site.properties": f"a=1\ns3a.secretKey={SECRET}\n"},
    }

    cleaned = value(obj)

    assert SECRET not in str(cleaned)
    assert cleaned["metadata"]["annotations"] == {"kept": "1"}
    assert "managedFields" not in cleaned["metadata"]
    assert cleaned["spec"]["env"][1]["valueFrom"]["secretKeyRef"] == {"name": "lake-keys", "key": "password"}
    assert cleaned["spec"]["options"] == {"s3.secretKey": REDACTED, "region": "eu", "token-auth": "false"}
    assert cleaned["data"]["alluxio-site.properties"].startswith("a=1\n")
    assert SECRET in str(obj), "the object itself isn't touched"
