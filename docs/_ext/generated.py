"""Pages made from the code itself at build time: the command line, the keys of files, the species, results.json."""

from __future__ import annotations

import inspect
import json
import re
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from sphinx.pycode import ModuleAnalyzer

from ecemc import keys, species
from ecemc.cli.main import VERBS, app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx


def command_line() -> str:
    """Usage, description and options of every verb, as its ``--help`` shows them."""
    group = typer.main.get_command(app)
    context = typer.Context(group, info_name="ecemc")
    return "\n".join(_verb(name, group.get_command(context, name), context) for name in VERBS)


def _verb(name: str, command: Any, parent: typer.Context) -> str:
    context = typer.Context(command, info_name=name, parent=parent)
    text = inspect.cleandoc(command.help or "")
    # Command lines inside of the description become code.
    text = re.sub(
        r"^(\w[\w ]*:)? *(ecemc .*)$",
        lambda m: f"{m[1] or ''}\n\n```text\n{m[2].strip()}\n```\n",
        text,
        flags=re.MULTILINE,
    )
    usage = re.sub(r"[{}]", "", " ".join(command.collect_usage_pieces(context)))
    lines = [f"## ecemc {name}", "", f"```text\necemc {name} {usage}\n```", "", text, ""]
    lines += ["| argument or option | meaning | default |", "|---|---|---|"]
    lines += [_parameter(parameter) for parameter in command.params if not getattr(parameter, "hidden", False)]
    return "\n".join([*lines, ""])


def _parameter(parameter: Any) -> str:
    names = ", ".join(f"`{name}`" for name in parameter.opts) if parameter.opts[0].startswith("-") else ""
    names = names or f"`{(parameter.metavar or parameter.name).upper()}`"
    default = parameter.default
    if callable(default) or default is None or parameter.required or getattr(parameter, "is_flag", False):
        shown = "required" if parameter.required else ""
    else:
        shown = f"`{getattr(default, 'value', default)}`"
    meaning = (getattr(parameter, "help", "") or "").replace("|", "\\|")
    return f"| {names} | {meaning} | {shown} |"


def file_keys() -> str:
    """The comments beside the keys, one row for each group of keys that share one."""
    rows, comment, names = [], [], []
    for line in [*inspect.getsource(keys).splitlines(), ""]:
        constant = re.match(r'([A-Z_]+) = "(.+)"', line)
        if constant:
            names.append(f"`{constant[2]}`")
            continue
        if names:
            rows.append(f"| {', '.join(names)} | {' '.join(comment)} |")
            comment, names = [], []
        if line.startswith("#: "):
            comment.append(line[3:].replace("``", "`"))
    return "\n".join(["| key | meaning |", "|---|---|", *rows, ""])


def known_species() -> str:
    """Name and structure of the species in the table."""
    rows = [f"| {name} | `{smiles}` |" for name, smiles in species.KNOWN_SPECIES.items()]
    return "\n".join(["| name | structure |", "|---|---|", *rows, ""])


#: Parts of results.json that are records of dataclasses, whose fields are explained there.
RECORDS = {
    "verdict": ("ecemc.analysis.checks", "Verdict"),
    "verdict.checks[]": ("ecemc.analysis.checks", "Check"),
    "inputs[]": ("ecemc.analysis.result", "Input"),
    "series.*.statistics": ("ecemc.thermo", "SeriesStatistics"),
    "temperatures.*.translational": ("ecemc.thermo", "SeriesStatistics"),
    "temperatures.*.rotational": ("ecemc.thermo", "SeriesStatistics"),
    "temperatures.*.vibrational": ("ecemc.thermo", "SeriesStatistics"),
    "molecules.changes[]": ("ecemc.analysis.integrity", "BondChange"),
    "options": ("ecemc.analysis.options", "AnalysisOptions"),
}


def results_schema() -> str:
    """Every key of results.json with its type and meaning."""
    return _schema(files("ecemc.analysis") / "analysis.schema.json")


def compare_schema() -> str:
    """Every key of compare.json with its type and meaning."""
    return _schema(files("ecemc.comparison") / "comparison.schema.json")


def diagnosis_schema() -> str:
    """Every key of diagnosis.json with its type and meaning."""
    return _schema(files("ecemc.diagnosis") / "diagnosis.schema.json")


def _schema(path: Any) -> str:
    schema = json.loads(path.read_text("utf-8"))
    return "\n".join(["| key | type | meaning |", "|---|---|---|", *_entries(schema, "", schema), ""])


def _entries(node: dict[str, Any], path: str, root: dict[str, Any]) -> Iterator[str]:
    """One row for each key that holds a value or says something."""
    described = node.get("description", "") or _field_comment(path)
    node = _resolved(node, root)
    described = described or node.get("description", "")
    children = [(f"{path}.{name}".removeprefix("."), child) for name, child in node.get("properties", {}).items()]
    children += [(f"{path}{end}", node[key]) for key, end in LOOSE.items() if isinstance(node.get(key), dict)]
    if node.get("type") == "array" and not _structured(_resolved(node["items"], root)):
        node, children = {"type": f"array of {_kind(_resolved(node['items'], root))}"}, []
    if path and (described or not children):
        yield f"| `{path}` | {_kind(node)} | {described.replace('|', '/')} |"
    for name, child in children:
        yield from _entries(child, name, root)


#: Where the values of a mapping or a list are described, and how they are written in a path.
LOOSE = {"additionalProperties": ".*", "items": "[]"}


def _resolved(node: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    """Follow references; of a choice between null and something take the latter, and say so in the type."""
    while "$ref" in node:
        for part in node["$ref"].removeprefix("#/").split("/"):
            root = root[part]
        node = root
    choices = [choice for choice in [*node.get("anyOf", []), *node.get("oneOf", [])] if choice.get("type") != "null"]
    if len(choices) == 1:
        found = _resolved(choices[0], root)
        return {**found, "type": [found.get("type", "value"), "null"]}
    return node


def _structured(node: dict[str, Any]) -> bool:
    return not {"array", "object"}.isdisjoint(
        [node["type"]] if isinstance(node.get("type"), str) else node.get("type", [])
    )


def _kind(node: dict[str, Any]) -> str:
    """Name the type, or list the values that may stand there."""
    if "const" in node or "enum" in node:
        return " or ".join(
            f"`{json.dumps(value, ensure_ascii=False)}`" for value in node.get("enum", [node.get("const")])
        )
    kind = node.get("type", "value")
    return kind if isinstance(kind, str) else " or ".join(kind)


def _field_comment(path: str) -> str:
    """Comment beside the field of the dataclass that a key comes from."""
    parent, _, name = path.rpartition(".")
    if parent not in RECORDS:
        return ""
    module, owner = RECORDS[parent]
    comments = ModuleAnalyzer.for_module(module).find_attr_docs()
    return " ".join(comments.get((owner, name), [])).strip()


def write_pages(app: Sphinx) -> None:
    """Write what has changed, so that a second build has nothing to do."""
    folder = Path(app.srcdir) / "_generated"
    folder.mkdir(exist_ok=True)
    pages = {
        "cli": command_line,
        "keys": file_keys,
        "species": known_species,
        "results": results_schema,
        "compare": compare_schema,
        "diagnosis": diagnosis_schema,
    }
    for name, make in pages.items():
        path, text = folder / f"{name}.md", make()
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Run before documents are read."""
    app.connect("builder-inited", write_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
