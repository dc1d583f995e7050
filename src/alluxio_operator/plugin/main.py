"""The command line of `kubectl alluxio`, and the program that completes it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from alluxio_operator import __version__
from alluxio_operator.kinds.cluster.names import ROLES
from alluxio_operator.kube.errors import ApiError, NotFound
from alluxio_operator.plugin import commands
from alluxio_operator.plugin.completion import candidates
from alluxio_operator.plugin.errors import PluginError
from alluxio_operator.plugin.reader import Reader
from alluxio_operator.transport.printable import printable

Command = Callable[[argparse.Namespace, Reader], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Return 0, 1 after an error, 130 after Ctrl-C.

    It returns 3 if `status` finds an unhealthy cluster, and if a backup or drill that it waited for has failed.
    `at-risk` returns 3 if a worker is above the limit, 4 if what workers hold isn't known.
    `restore` returns 3 if nothing was confirmed or the backup is refused, 4 if it went back, and 5 if it failed.
    """
    options = parser().parse_args(arguments)
    try:
        command: Command = options.run
        return command(options, Reader.connect(options.kubeconfig, options.context, options.namespace))
    except NotFound:
        name = getattr(options, "name", None) or f"as in {options.file}"
        kinds = "AlluxioCluster or Presto" if options.run is commands.status else "AlluxioCluster"
        print(f"error: there is no {kinds} {name} in this namespace; -n selects another", file=sys.stderr)
    except (PluginError, ApiError) as error:
        print(f"error: {printable(str(error))}", file=sys.stderr)
    except BrokenPipeError:
        sys.stderr.close()
    except KeyboardInterrupt:
        return 130
    return 1


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    # Without a default, so that a command doesn't overwrite what stands before it.
    shared = _connection(argparse.SUPPRESS)
    result = argparse.ArgumentParser(
        prog="kubectl alluxio", description="Show and change Alluxio clusters.", parents=[_connection(None)]
    )
    result.add_argument("--version", action="version", version=__version__)
    subparsers = result.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Command, text: str) -> argparse.ArgumentParser:
        command = subparsers.add_parser(name, parents=[shared], help=text, description=text)
        command.set_defaults(run=run)
        return command

    status = add("status", commands.status, "show a cluster or Presto on one screen, or a line for each")
    status.add_argument("name", nargs="?", metavar="NAME", help="presto/NAME if a cluster has the same name")
    status.add_argument("-A", "--all-namespaces", action="store_true")
    status.add_argument("-o", "--output", choices=("table", "json", "yaml"), default="table")

    read = add("logs", commands.show_logs, "show the logs of a cluster's pods, each line with its pod and container")
    read.add_argument("name", metavar="NAME")
    read.add_argument("--role", choices=ROLES, help="default: all")
    read.add_argument("--tail", type=int, default=200, metavar="LINES", help="lines per container; default: 200")
    read.add_argument("-f", "--follow", action="store_true")

    pause = add("pause", commands.pause, "stop all changes of a cluster until it is resumed")
    pause.add_argument("name", metavar="NAME")
    resume = add("resume", commands.resume, "end the pause of a cluster")
    resume.add_argument("name", metavar="NAME")

    restart = add("restart", commands.restart, "restart the pods of a role, one after the other")
    restart.add_argument("name", metavar="NAME")
    restart.add_argument("--role", choices=ROLES, action="append", required=True, help="repeat it for several roles")

    history = add("history", commands.history, "show the latest changes of a cluster, with field manager and outcome")
    history.add_argument("name", metavar="NAME")
    history.add_argument("-o", "--output", choices=("table", "json", "yaml"), default="table")

    preview = add(
        "plan", commands.preview, "show the changes that a file would make, in their order, without making them"
    )
    preview.add_argument(
        "-f", "--file", type=Path, required=True, metavar="FILE.yaml", help="the whole desired resource"
    )
    preview.add_argument("-o", "--output", choices=("table", "json", "yaml"), default="table")

    backup = add(
        "backup", commands.backup, "back up a cluster's journal, and wait until the backup was restored as a test"
    )
    backup.add_argument("name", metavar="NAME", help="the cluster")
    backup.add_argument("--as", dest="backup", metavar="BACKUP", help="name of the backup; default: NAME-DATE")
    backup.add_argument("--volume", metavar="PVC", help="keep it in this PVC; default: below the root mount")
    backup.add_argument("--verify", choices=("Restore", "Check"), default="Restore", help="default: Restore")
    backup.add_argument("--no-wait", action="store_true", help="return at once")
    backup.add_argument("--timeout", type=float, default=3600, metavar="SECONDS", help="default: 3600")
    backup.add_argument("-o", "--output", choices=("text", "json", "yaml"), default="text")

    listed = add(
        "backups", commands.list_backups, "list the backups of a cluster, or of all clusters; the newest first"
    )
    listed.add_argument("name", nargs="?", metavar="NAME", help="the cluster")
    listed.add_argument("-o", "--output", choices=("table", "json", "yaml"), default="table")

    drill = add(
        "drill", commands.drill, "rehearse a recovery: restore a backup into a throw-away cluster, and read files there"
    )
    drill.add_argument("name", metavar="NAME", help="the cluster")
    drill.add_argument("--as", dest="drill", metavar="DRILL", help="name of the drill; default: NAME-DATE")
    drill.add_argument("--backup", metavar="BACKUP", help="default: the newest verified one of the cluster")
    drill.add_argument("--files", type=int, metavar="N", help="most files to read; default: 100")
    drill.add_argument("--no-wait", action="store_true", help="return at once")
    drill.add_argument("--timeout", type=int, default=3600, metavar="SECONDS", help="default: 3600")
    drill.add_argument("-o", "--output", choices=("text", "json", "yaml"), default="text")
    back = add(
        "restore", commands.restore, "restore a backup in place, after a typed confirmation, and wait for its end"
    )
    back.add_argument("name", metavar="NAME", help="the cluster")
    back.add_argument("--backup", required=True, metavar="BACKUP", help="an AlluxioBackup of the cluster")
    back.add_argument("--confirm", metavar="TEXT", help="the text to confirm; default: ask for it")
    back.add_argument("--timeout", type=float, default=3600, metavar="SECONDS", help="default: 3600")
    back.add_argument("-o", "--output", choices=("text", "json", "yaml"), default="text")

    risk = add("at-risk", commands.at_risk, "show what would be lost, or read again from the UFS, if a worker died now")
    risk.add_argument("name", metavar="NAME")
    risk.add_argument("-o", "--output", choices=("table", "json", "yaml"), default="table")

    report = add("report", commands.report, "write a support bundle without secrets")
    report.add_argument("name", metavar="NAME")
    report.add_argument("--file", type=Path, metavar="FILE.tar.gz", help="default: NAME-DATE.tar.gz in this folder")
    report.add_argument("--operator-namespace", metavar="NAMESPACE", help="default: search all namespaces")
    return result


def _connection(default: str | None) -> argparse.ArgumentParser:
    """Return the options of kubectl, which stand before the command or after it."""
    result = argparse.ArgumentParser(add_help=False)
    result.add_argument("-n", "--namespace", default=default, help="default: the namespace of the context")
    result.add_argument("--context", default=default, help="context of the kubeconfig")
    result.add_argument("--kubeconfig", default=default, help="default: the same file as kubectl")
    return result


def complete(arguments: Sequence[str] | None = None) -> int:
    """Print completions for kubectl, one per line, then a directive; the program is `kubectl_complete-alluxio`."""
    words = list(sys.argv[1:] if arguments is None else arguments) or [""]
    try:
        offered = candidates(words, _names)
    except (PluginError, ApiError):
        offered = []
    print("\n".join([*map(printable, offered), ":4"]))
    return 0


def _names(before: Sequence[str]) -> list[str]:
    namespace = next((before[i + 1] for i, word in enumerate(before[:-1]) if word in ("-n", "--namespace")), None)
    return [one["metadata"]["name"] for one in Reader.connect(None, None, namespace).clusters()]


if __name__ == "__main__":
    sys.exit(main())
