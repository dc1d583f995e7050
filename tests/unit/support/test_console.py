"""Documents are followed to the letter, and what isn't as they say fails."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.console import Command, CommandFailed, Follower, blocks, section

DOCUMENT = """# Title

## First
```yaml
# made.yaml
kind: Made
```
```yaml
spec: {only: shown}
```

```console
$ kubectl apply -f made.yaml
$ kubectl get plans
NAME            APPROVED   AGE
install-x7k2p   false      5s
$ kubectl patch plan install-x7k2p \\
    --type merge
```

## Second
```console
$ kubectl get plans
install-x7k2p   true
install-q9m4d   false
```
"""


def follower(folder: Path, answers: Callable[[str], str], seconds: float = 5) -> Follower:
    return Follower(folder, answers, seconds, pause=0)


def test_files_and_commands_come_in_their_order():
    assert list(blocks(section(DOCUMENT, "First"))) == [
        ("made.yaml", "# made.yaml\nkind: Made\n"),
        Command("kubectl apply -f made.yaml"),
        Command("kubectl get plans", ("NAME            APPROVED   AGE", "install-x7k2p   false      5s")),
        Command("kubectl patch plan install-x7k2p      --type merge"),
    ]


def test_a_section_that_is_not_there_is_told():
    with pytest.raises(KeyError, match="no section 'Third'"):
        section(DOCUMENT, "Third")


def test_what_a_server_makes_up_is_remembered_and_what_comes_late_is_waited_for(tmp_path: Path):
    ran: list[str] = []

    def answers(line: str) -> str:
        ran.append(line)
        if " get " not in line:
            return ""
        if ran.count(line) == 1:
            raise CommandFailed("not there yet")
        if ran.count(line) == 2:
            return "No resources found"
        if ran.count(line) == 3:
            return "NAME APPROVED AGE\ninstall-aaaaa  false  1m5s\n"
        return "NAME APPROVED AGE\ninstall-bbbbb false\ninstall-aaaaa true\n"

    someone = follower(tmp_path, answers)
    someone.follow(section(DOCUMENT, "First"))
    assert (tmp_path / "made.yaml").read_text() == "# made.yaml\nkind: Made\n"
    assert not list(tmp_path.glob("*only*"))
    assert ran[-1] == "kubectl patch plan install-aaaaa      --type merge"

    someone.follow(section(DOCUMENT, "Second"))
    assert someone.names == {"install-x7k2p": "install-aaaaa", "install-q9m4d": "install-bbbbb"}


@pytest.mark.parametrize(
    "printed", ["", "NAME APPROVED AGE\ninstall-aaaaa true 5s\n", "NAME APPROVED AGE\nother false 5s"]
)
def test_what_is_not_as_the_document_says_fails(tmp_path: Path, printed: str):
    with pytest.raises(AssertionError, match=r"not as the document says:\n(.*\n)*install-x7k2p   false"):
        follower(tmp_path, lambda _: printed, seconds=0).follow(section(DOCUMENT, "First"))


def test_a_command_that_changes_something_is_run_once(tmp_path: Path):
    ran: list[str] = []

    def refuses(line: str) -> str:
        ran.append(line)
        raise CommandFailed("refused")

    with pytest.raises(AssertionError, match="it failed: refused"):
        follower(tmp_path, refuses).follow(section(DOCUMENT, "First"))
    assert ran == ["kubectl apply -f made.yaml"]


def test_a_name_that_is_known_is_found_within_a_word(tmp_path: Path):
    someone = follower(tmp_path, lambda _: "plan/install-aaaaa is there")
    someone.names["install-x7k2p"] = "install-aaaaa"
    someone.follow("```console\n$ kubectl wait plan install-x7k2p\nplan/install-x7k2p is there\n```\n")

    with pytest.raises(AssertionError, match="not as the document says"):
        follower(tmp_path, lambda _: "plan/install-bbbbb is there").follow(
            "```console\n$ kubectl wait plan install-x7k2p\nplan/install-x7k2p is there\n```\n"
        )
