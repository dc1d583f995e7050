"""Asks a Presto, or a Trino, from within a pod: python3 - COMMAND ARGUMENT... < presto.py, with PRESTO as HOST:PORT.

    query SQL                      prints the rows, columns separated by tabs
    burst COUNT AT_ONCE SQL        runs a query many times; prints how many came out as wanted, and why others didn't
    script FILE SCHEMA             runs the queries of a file, separated by semicolons; prints seconds and digests

Nothing of Presto's own client is in a pod for tests, and its protocol is three lines: post, follow nextUri, read data.
Headers are said twice: Trino has the same ones under its own name.
"""

import hashlib
import json
import os
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

SERVER = os.environ.get("PRESTO", "localhost:8080")
LIMIT = float(os.environ.get("LIMIT", "600"))


class Failed(Exception):
    pass


def call(url, body=None, headers=None):
    given = {"User": "test", **(headers or {})}
    named = {f"X-{product}-{key}": value for key, value in given.items() for product in ("Presto", "Trino")}
    request = urllib.request.Request(url, data=body, headers=named)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def query(sql, schema=""):
    headers = {}
    if schema:
        headers = dict(zip(("Catalog", "Schema"), schema.split("."), strict=True))
    began, rows = time.monotonic(), []
    answer = call(f"http://{SERVER}/v1/statement", sql.encode(), headers)
    while True:
        rows += answer.get("data", [])
        if "error" in answer:
            raise Failed(f"{answer['error'].get('errorName')}: {answer['error'].get('message', '')[:300]}")
        if "nextUri" not in answer:
            return rows
        if time.monotonic() - began > LIMIT:
            raise Failed("no end in time")
        answer = call(answer["nextUri"].replace(answer["nextUri"].split("/")[2], SERVER))


def text(value):
    # Sums of floating point depend on the order of the rows in their last digits.
    return f"{value:.4g}" if isinstance(value, float) else "NULL" if value is None else str(value)


def lines(rows):
    return ["\t".join(text(value) for value in row) for row in rows]


def burst(count, at_once, sql):
    def one(_):
        try:
            return lines(query(sql)), ""
        except (Failed, OSError, ValueError) as error:
            return None, f"{type(error).__name__}: {error}"

    with ThreadPoolExecutor(at_once) as pool:
        results = list(pool.map(one, range(count)))
    good = [rows for rows, _ in results if rows is not None]
    wrong = sum(rows != good[0] for rows in good) if good else 0
    print(f"{len(good)} succeeded, {count - len(good)} failed, {wrong} differ")
    for why in sorted({why for _, why in results if why}):
        print(f"  {why}")
    return len(good) == count and not wrong


def script(queries, schema):
    for number, sql in enumerate(filter(str.strip, queries.split(";")), start=1):
        began = time.monotonic()
        rows = sorted(lines(query(sql, schema)))
        digest = hashlib.sha256("\n".join(rows).encode()).hexdigest()[:12]
        print(f"q{number:02d} {time.monotonic() - began:.2f} {len(rows)} {digest}", flush=True)


def main():
    command, *arguments = sys.argv[1:]
    try:
        if command == "query":
            print("\n".join(lines(query(arguments[0], *arguments[1:]))))
        elif command == "burst":
            return 0 if burst(int(arguments[0]), int(arguments[1]), arguments[2]) else 1
        elif command == "script":
            with open(arguments[0]) as file:
                script(file.read(), arguments[1])
    except (Failed, OSError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


sys.exit(main())
