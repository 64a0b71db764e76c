"""Code in documents, run: Python blocks as they stand, `console` blocks with their output compared.

A `console` block holds commands behind ``$`` and what they print; ``...`` stands for anything, and a command without
output shown must only succeed. ``$ echo $?`` shows the exit status of a command that is meant to fail. The output is
that of a pipe: no colours, no progress bars. ``ecemc sample`` takes minutes, so its command lines are parsed, not run.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import os
import re
import shlex
import subprocess
import sys
from html.parser import HTMLParser

import typer
from sybil import Sybil
from sybil.parsers.myst import CodeBlockParser, PythonCodeBlockParser, SkipParser

from ecemc.cli.main import app

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.IGNORE_EXCEPTION_DETAIL
#: Wide enough that nothing a test compares is wrapped.
ENVIRONMENT = {"COLUMNS": "120", "NO_COLOR": "1", "TERM": "dumb", "MPLBACKEND": "Agg"}


def examples(path):
    """All runnable examples of a markdown file, in order, in one namespace."""
    sybil = Sybil(
        parsers=[
            PythonCodeBlockParser(doctest_optionflags=FLAGS),
            CodeBlockParser(language="console", evaluator=run_console),
            SkipParser(),
        ],
        path=str(path.parent),
        pattern="*.md",
        encoding="utf-8",
    )
    return list(sybil.parse(path).examples())


def commands(block):
    """(command, expected output) of a console block; lines that end in a backslash go on."""
    pairs = []
    for line in block.replace("\\\n", " ").splitlines():
        if line.startswith("$ "):
            pairs.append((" ".join(line[2:].split()), []))
        elif pairs:
            pairs[-1][1].append(line)
    return [(command, "\n".join(output).strip()) for command, output in pairs]


def run_console(example):
    pairs = commands(example.parsed)
    assert pairs, "a console block without a command"
    status = 0
    for place, (command, expected) in enumerate(pairs):
        if command == "echo $?":
            assert str(status) == expected
            continue
        status, output = run(command)
        status_shown = place + 1 < len(pairs) and pairs[place + 1][0] == "echo $?"
        assert status == 0 or status_shown, f"`{command}` ended with status {status}:\n{output}"
        if expected and not doctest.OutputChecker().check_output(expected + "\n", output + "\n", FLAGS):
            raise AssertionError(f"`{command}` printed\n{output}\ninstead of\n{expected}")


def run(command):
    """Exit status and output of a command; only `ecemc` is known."""
    program, *arguments = shlex.split(command)
    assert program == "ecemc", f"{program}: not a command that documents may run"
    if arguments[0] == "sample" and "--help" not in arguments:
        return parse_only(arguments)
    done = subprocess.run(
        [sys.executable, "-m", "ecemc", *arguments],
        env=os.environ | ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        check=False,
    )
    return done.returncode, "\n".join(line.rstrip() for line in done.stdout.splitlines()).strip()


def parse_only(arguments):
    """Check options and arguments of a verb without running it."""
    group = typer.main.get_command(app)
    verb = group.get_command(typer.Context(group), arguments[0])
    with contextlib.redirect_stderr(io.StringIO()) as errors:
        try:
            verb.make_context(arguments[0], list(arguments[1:])).close()
        except Exception as error:  # noqa: BLE001 (whatever the parser raises is the finding)
            return 2, f"{error} {errors.getvalue()}"
    return 0, ""


def fenced(text):
    """(language, content) of all fenced blocks of a markdown text."""
    return re.findall(r"^```+ *\{?([\w-]*)\}?[^\n]*\n(.*?)^```+ *$", text, re.MULTILINE | re.DOTALL)


class Page(HTMLParser):
    """Collects tags, identifiers and links, and checks that tags close in order."""

    VOID = frozenset({"meta", "br", "img", "link", "hr", "input"})

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.links, self.tags, self.labels = [], [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.append(tag)
        self.ids += [attrs["id"]] if "id" in attrs else []
        self.links += [attrs[name] for name in ("href", "src", "xlink:href") if name in attrs]
        self.labels += [attrs["aria-label"]] if attrs.get("role") == "img" else []
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
