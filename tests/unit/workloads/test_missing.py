"""What the kubelet says of a container that lacks a Secret or a ConfigMap."""

from __future__ import annotations

import pytest

from alluxio_operator.workloads.missing import Missing, what_is_missing


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ('secret "lake-keys" not found', Missing("Secret", "lake-keys")),
        ('secrets "lake-keys" not found', Missing("Secret", "lake-keys")),
        ('configmap "hadoop" not found', Missing("ConfigMap", "hadoop")),
        ("couldn't find key secret.key in Secret data/lake-keys", Missing("Secret", "lake-keys", "secret.key")),
        ("couldn't find key core-site.xml in ConfigMap data/hadoop", Missing("ConfigMap", "hadoop", "core-site.xml")),
        ("failed to sync secret cache: timed out waiting for the condition", None),
        ('pod "x" not found', None),
        ("", None),
    ],
)
def test_it_is_understood(said: str, found: Missing | None):
    assert what_is_missing(said) == found


@pytest.mark.parametrize(
    ("missing", "reason", "sentence"),
    [
        (Missing("Secret", "keys"), "SecretMissing", "Secret keys doesn't exist"),
        (Missing("Secret", "keys", "id"), "SecretKeyMissing", "Secret keys has no key id"),
        (Missing("ConfigMap", "hadoop"), "ConfigMapMissing", "ConfigMap hadoop doesn't exist"),
        (Missing("ConfigMap", "hadoop", "x"), "ConfigMapKeyMissing", "ConfigMap hadoop has no key x"),
    ],
)
def test_it_is_said_in_a_word_and_in_a_sentence(missing: Missing, reason: str, sentence: str):
    assert (missing.reason, str(missing)) == (reason, sentence)
