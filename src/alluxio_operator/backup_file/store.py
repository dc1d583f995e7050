"""Copies a backup file into an S3 bucket and reads it back, copies it from there, or deletes it there.

A Job runs it as `python -m alluxio_operator.backup_file.store`. The keys come from the variables AWS_ACCESS_KEY_ID and
AWS_SECRET_ACCESS_KEY; without them, the identity of the pod counts.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError, NotFoundError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store

from alluxio_operator.backup_file.errors import BackupFileError, Reason
from alluxio_operator.backup_file.process import end_on_sigterm
from alluxio_operator.backup_file.result import Result

PART: Final = 8 * 1024**2
"""Bytes of a part of an upload, and of a piece of a download; S3 takes parts of 5 MiB or more."""
PARTS: Final = 4
"""Parts that are sent at once: they are all in memory, and obstore's default of 12 is most of the container's."""
TIMEOUT: Final = "60s"
"""Of one request."""
RETRIES: Final = 5
RETRYING: Final = timedelta(minutes=3)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Return 0, 1 if another try may help, 3 if the stored file differs."""
    options = parser().parse_args(arguments)
    try:
        bucket = open_bucket(options)
        if options.command == "put":
            put(bucket, options.file, options.key)
        elif options.command == "get":
            get(bucket, options.key, options.file)
        else:
            delete(bucket, options.key)
        result = Result()
    except BackupFileError as error:
        result = Result.of_error(error)
    text = result.as_json()
    print(text)
    if options.result:
        options.result.write_text(text)
    return result.exit_code


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    result = argparse.ArgumentParser(
        prog="python -m alluxio_operator.backup_file.store", description="Keep backup files in an S3 bucket."
    )
    commands = result.add_subparsers(required=True, metavar="COMMAND", dest="command")
    texts = {
        "put": "copy a file into the bucket and read it back",
        "get": "copy a file from the bucket",
        "delete": "delete a file",
    }
    for name, text in texts.items():
        command = commands.add_parser(name, help=text, description=text)
        if name != "delete":
            command.add_argument("file", type=Path, metavar="FILE")
        command.add_argument("--key", required=True, help="name of the object")
        add_bucket_options(command, required=True)
        command.add_argument("--result", type=Path, metavar="FILE", help="write the result here, too")
    return result


def add_bucket_options(command: argparse.ArgumentParser, *, required: bool) -> None:
    """Add what `open_bucket` needs to a command line."""
    command.add_argument("--bucket", required=required)
    command.add_argument("--endpoint", help="address of the service; default: AWS")
    command.add_argument("--region", help="default: us-east-1")
    command.add_argument("--path-style", action="store_true", help="the bucket is in the path of requests")


def open_bucket(options: argparse.Namespace) -> S3Store:
    """Return a client of the bucket; it sends nothing yet."""
    given: dict[str, Any] = {}
    if options.endpoint:
        given["endpoint"] = options.endpoint.rstrip("/")
    if key := os.environ.get("AWS_ACCESS_KEY_ID"):
        given |= {"access_key_id": key, "secret_access_key": os.environ.get("AWS_SECRET_ACCESS_KEY", "")}
    return S3Store(
        options.bucket,
        region=options.region or "us-east-1",
        virtual_hosted_style_request=not options.path_style,
        client_options={"allow_http": urlsplit(options.endpoint or "").scheme == "http", "timeout": TIMEOUT},
        retry_config={"max_retries": RETRIES, "retry_timeout": RETRYING},
        **given,
    )


def put(bucket: S3Store, file: Path, key: str) -> None:
    """Copy a file into the bucket, and compare what the bucket then has; BackupFileError."""
    wanted = hashlib.sha256()
    with file.open("rb") as source:
        while piece := source.read(PART):
            wanted.update(piece)
    found = hashlib.sha256()
    try:
        obstore.put(bucket, key, file, chunk_size=PART, max_concurrency=PARTS)
        for piece in obstore.get(bucket, key).stream(min_chunk_size=PART):
            found.update(piece)
    except BaseError as error:
        raise _refusal(error, f"the file can't be stored as {key}") from error
    except OSError as error:
        raise BackupFileError(Reason.UNREADABLE, f"{file} can't be read: {error.strerror or error}") from error
    if found.digest() != wanted.digest():
        problem = f"the bucket has {key} with SHA-256 {found.hexdigest()}, and the file has {wanted.hexdigest()}"
        raise BackupFileError(Reason.STORED_DIFFERS, problem)


def get(bucket: S3Store, key: str, file: Path) -> None:
    """Copy an object into a file; BackupFileError."""
    try:
        with file.open("wb") as target:
            for piece in obstore.get(bucket, key).stream(min_chunk_size=PART):
                target.write(piece)
    except (FileNotFoundError, NotFoundError) as error:
        problem = f"the bucket has no object {key}"
        raise BackupFileError(Reason.MISSING, problem, remedy="take another backup") from error
    except BaseError as error:
        raise _refusal(error, f"{key} can't be read") from error
    except OSError as error:
        raise BackupFileError(Reason.UNWRITABLE, f"{file} can't be written: {error.strerror or error}") from error


def delete(bucket: S3Store, key: str) -> None:
    """Delete an object; one that doesn't exist counts as deleted. BackupFileError."""
    try:
        obstore.delete(bucket, key)
    except NotFoundError as error:
        # S3 answers that for a bucket that doesn't exist; for an object it doesn't.
        raise _refusal(error, f"{key} can't be deleted") from error
    except BaseError as error:
        raise _refusal(error, f"{key} can't be deleted") from error


def _refusal(error: BaseError, problem: str) -> BackupFileError:
    said = " ".join(str(error).split())[:300]
    if isinstance(error, PermissionDeniedError | UnauthenticatedError):
        remedy = "check the keys in the Secret, and the rights of their user to get, put and delete objects"
        return BackupFileError(Reason.ACCESS_DENIED, f"{problem}: {said}", remedy=remedy)
    if isinstance(error, NotFoundError):
        remedy = "create the bucket, or correct destination.s3.bucket, endpoint or region"
        return BackupFileError(Reason.NO_BUCKET, f"{problem}: {said}", remedy=remedy)
    remedy = "check destination.s3.endpoint and region, and that the cluster's network reaches the endpoint"
    return BackupFileError(Reason.NOT_STORED, f"{problem}: {said}", remedy=remedy)


if __name__ == "__main__":
    end_on_sigterm()
    sys.exit(main())
