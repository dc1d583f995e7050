"""No secret leaves in a report: by the names of values, and by what texts look like."""

from __future__ import annotations

import pytest

from alluxio_operator.plugin.redact import REDACTED, document, text, value
from alluxio_operator.transport.sensitive import is_sensitive, may_be_shown

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


@pytest.mark.parametrize(
    "line",
    [
        # quotes
        f'password="a\\"{SECRET}"',
        f"password='it''s {SECRET}'",
        f'{{\\"password\\": \\"{SECRET}\\"}}',
        f'password="{SECRET}',
        # values that go on
        f"s3a.secretKey=abc\\\n  {SECRET}",
        f"password=three words, {SECRET}; &{SECRET}",
        f"password: |\n  first\n  {SECRET}\nnext: 1",
        f"password: >-\n\n  {SECRET}",
        # lists of arguments
        f'["--password", "{SECRET}"]',
        f"args:\n- --secret-key\n- {SECRET}\n",
        f"run --token {SECRET} --verbose",
        # schemes of a header
        f"Authorization: Token {SECRET}",
        f"Authorization: AWS4-HMAC-SHA256 Credential={SECRET}/eu, SignedHeaders=host, Signature={SECRET}",
        f"proxy-authorization: Negotiate {SECRET}",
        f'"Authorization": "Digest username=a, response={SECRET}"',
        # names
        f"fs.azure.account.key.lakename.dfs.core.windows.net={SECRET}",
        f"fs.azure.account.key.myname={SECRET}",
        f"MYSQL_PWD={SECRET}",
        f"db.pass={SECRET}",
        f'"auth": "{SECRET}"',
        f"https://a.example/b?sv=1&sig={SECRET}",
        f"AZURE_STORAGE_CONNECTION_STRING=Account=a;Key={SECRET}",
        # documents in a text
        f"<property><name>fs.s3a.secret.key</name><value>{SECRET}</value></property>",
        f"<property>\n<name>password</name>\n  <final>true</final>\n<value>{SECRET}</value></property>",
        f"<password>{SECRET}</password>",
        f"- name: DB_PASSWORD\n  value: {SECRET}\n",
        f'{{"name":"DB_PASSWORD","value":"{SECRET}"}}',
        f"- value: {SECRET}\n  name: DB_PASSWORD\n",
        # addresses
        f"jdbc:mysql://root:p@ss/{SECRET}@db/x",
        f"redis://:{SECRET}@cache",
        f"https://{SECRET}@github.com/x",
        f"jdbc:oracle:thin:alice/{SECRET}@//db:1521/x",
        # names of keys that are secrets, and of passwords
        f"fs.s3a.encryption.key={SECRET}",
        f"x-amz-server-side-encryption-customer-key: {SECRET}",
        f"http-server.https.keystore.key={SECRET}",
        f"session-key={SECRET}",
        f"dbPass={SECRET}",
        f"ldap.bindpw={SECRET}",
        f"creds={SECRET}",
        # signs and blanks of other kinds
        f"password\uff1a{SECRET}",
        f"password\u00a0=\u00a0{SECRET}",
        f"secret -> {SECRET}",
        f'<property name="fs.s3a.secret.key" value="{SECRET}"/>',
        f'<property value="{SECRET}" name="fs.s3a.secret.key"/>',
        f"<property><value>{SECRET}</value><name>fs.s3a.secret.key</name></property>",
        # values on the lines below
        f"password:\n  {SECRET}\nuser: x",
        f"password =\n    {SECRET}\n",
        f"secrets:\n- {SECRET}\n- {SECRET}",
        f'password = """\n{SECRET}\n"""',
        f"password = <<EOF\n{SECRET}\nEOF\n",
        # without a sign
        f'password "{SECRET}"',
        f"machine h login a password {SECRET}",
        f"curl -u alice:{SECRET} http://x",
        # cut off
        f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n",
    ],
)
def test_no_form_of_writing_hides_a_secret(line: str):
    for found in (text(line), str(value({"spec": {"text": line}}))):
        assert SECRET not in found
        assert REDACTED in found


PROPERTIES = f"""# an old one: {SECRET}
a=1
s3a.secretKey {SECRET}
fs.azure.account.key.myname : abc\\
   {SECRET}
\\u0070assword={SECRET}
"""
CORE_SITE = f"""<?xml version="1.0"?>
<configuration>
  <!-- {SECRET} -->
  <property><value>{SECRET}</value><name>fs.s3a.secret.key</name></property>
  <property><name>fs.defaultFS</name><value>hdfs://a:8020</value></property>
  <user password="{SECRET}"/>
</configuration>
"""


@pytest.mark.parametrize(
    ("name", "content", "kept"),
    [
        ("alluxio-site.properties", PROPERTIES, "a=1"),
        ("core-site.xml", CORE_SITE, "hdfs://a:8020"),
        ("values.yaml", f"a: 1\ndb:\n  password:\n    - {SECRET}\n    - 7\n", "a: 1"),
        ("conf.json", f'{{"a": 1, "password": {{"x": 2}}, "token": "{SECRET}"}}', '"a": 1'),
        (".dockerconfigjson", f'{{"auths": {{"reg": {{"auth": "{SECRET}"}}}}, "a": 1}}', '"a": 1'),
    ],
)
def test_a_document_is_parsed(name: str, content: str, kept: str):
    cleaned = value({"data": {name: content}})["data"][name]

    assert SECRET not in cleaned
    assert kept in cleaned or cleaned == REDACTED


@pytest.mark.parametrize(
    "found",
    [
        {"password": {"a": SECRET}},
        {"credentials": [{"alice": SECRET}]},
        {"data": {"values.yaml": f"credentials:\n  alice:\n    first: {SECRET}\n"}},
        {"params": [{"key": "password", "value": SECRET}]},
        {"params": [{"Name": "password", "Value": {"x": SECRET}}]},
        {"binaryData": {"store": SECRET}},
        {"data": {"id_rsa": SECRET, "tls.key": SECRET, ".netrc": SECRET}},
        {"data": {"a.xml": f'<c><property name="password" value="{SECRET}"/></c>'}},
        {"data": {"a.xml": f"<c><password><v>{SECRET}</v></password></c>"}},
        {"data": {"a.xml": f'<c xmlns="u:x"><property><name>password</name><value>{SECRET}</value></property></c>'}},
        {"data": {"a.xml": f"<c><p><name>password</name><value><b>{SECRET}</b></value></p></c>"}},
        {"data": {"a.xml": f"<c><p><name>password</name><value>x</value><value>{SECRET}</value></p></c>"}},
        {"data": {"a.xml": f"<c><p><name>x</name><name>password</name><value>{SECRET}</value></p></c>"}},
        {"data": {"a.xml": f"<c><p><name>password</name><value/>{SECRET}</p></c>"}},
    ],
)
def test_whatever_stands_below_a_secret_name_is_secret(found: dict[str, object]):
    cleaned = str(value(found))

    assert SECRET not in cleaned
    assert REDACTED in cleaned


def test_a_reference_to_a_secret_stays():
    found = {
        "volumes": [{"name": "v", "secret": {"secretName": "lake", "items": [{"key": "k", "path": "p"}]}}],
        "credentials": {"secretName": "lake"},
        "secrets": [{"name": "lake"}],
    }  # fmt: skip

    assert value(found) == found


BOMB = f'<!DOCTYPE a [<!ENTITY b "{SECRET}">]><a>&b;</a>'


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("core-site.xml", f"<configuration><name>password</name><value>{SECRET}"),
        ("core-site.xml", BOMB),
        ("values.yaml", f"a: [1\npass: {SECRET}"),
        ("conf.json", f"{{'x': {SECRET}"),
        ("a.properties", f"a=\\u00\nb={SECRET}"),
    ],
)
def test_a_document_that_cannot_be_parsed_is_left_out(name: str, content: str):
    cleaned = document(name, content)

    assert SECRET not in cleaned
    assert cleaned.startswith(f"{REDACTED}: {name} can't be parsed")


def test_a_long_line_takes_no_long_time():
    blob = "QUJD" * 100_000

    assert text(blob) == blob


@pytest.mark.parametrize(
    ("start", "unit"),
    [
        ("", "a."),
        ("", "a://"),
        ("", "eyJ-"),
        ("", "value: "),
        ("", 'value: \\"'),
        ("", 'value: \\"a,'),
        ("value: a", " "),
        ("value: a", "\n"),
        ("value: a", "\\"),
        ("name: a", " "),
        ("<name>", " "),
        ("-password", " "),
        ("", "password "),
        ("", "password <<E "),
        ("", "-u a"),
        ("", "jdbc:oracle:thin:"),
        ("", "machine a "),
        ("", "<value>"),
        ("", "<value></value>"),
        ("", "value="),
    ],
)
def test_no_text_takes_minutes(start: str, unit: str):
    # With steps that grow by the square of its length, each would take minutes to days.
    size = 300_000 // len(unit)

    assert text(start + unit * size) == start + unit * size


@pytest.mark.parametrize(
    "unit", ['password "', "password:\n ", "-u a:", "machine a password ", "password <<E\n", '"""']
)
def test_no_text_with_secrets_takes_minutes(unit: str):
    assert len(text(unit * (300_000 // len(unit)))) < 2 * 300_000


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (
            "an-extremely-long-scheme-of-a-driver://me:S3@host/x",
            f"an-extremely-long-scheme-of-a-driver://{REDACTED}@host/x",
        ),
        ("x://me:S3@a,y://me:S3@b", f"x://{REDACTED}@b"),
        ("jdbc:mysql://me:p@ss@host", f"jdbc:mysql://{REDACTED}@host"),
        ("https://host/path and a@b", "https://host/path and a@b"),
        (
            "<property><name>  fs.password </name><value>S3</value>",
            f"<property><name>  fs.password </name><value>{REDACTED}</value>",
        ),
        ("value: S3 \n  name: PASSWORD", f"value: {REDACTED}\n  name: PASSWORD"),
    ],
)
def test_bounds_hide_as_much_as_before(given: str, shown: str):
    assert text(given) == shown


@pytest.mark.parametrize(
    ("field", "given", "shown"),
    [
        ("spec.masters.env[LAKE]", "abc", False),
        ("spec.masters.env[0].value", "abc", False),
        ("spec.rootMount.options[s3a.secretKey]", "abc", False),
        ("spec.masters.jvm.options[0]", "-Dstore.password=abc", False),
        ("spec.properties[a.b]", "s3://me:abc@host", False),
        ("spec.properties[alluxio.master.rpc.port]", "19998", True),
        ("spec.upgrade.maintenanceWindow.timeZone", "Mars", True),
    ],
)
def test_what_a_message_may_repeat(field: str, given: str, shown: bool):
    assert may_be_shown(field, given) is shown


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
