"""Write the generated pages of `docs/reference`; with `--check`, only tell whether they are up to date.

Each page is made from what it describes: the commands, the native API's own OpenAPI document, the client's
docstrings, and the doors' tables of operations.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import typer

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "reference"
NOTE = "<!-- Written by `make docs` from the code: change that, not this page. -->\n"
SECTIONS = {"Args:": "Arguments", "Attributes:": "Attributes", "Returns:": "Returns", "Raises:": "Raises"}


def cli_page() -> str:
    """Every command with its arguments and options."""
    from lineal.cli.app import app

    parts = ["# The `lineal` command\n\n" + NOTE]
    parts += ["Every command takes `--help`; `lineal --debug …` shows tracebacks.\n"]
    for path, command in commands(typer.main.get_command(app), ()):
        parts.append(command_section(" ".join(("lineal", *path)), command))
    return "\n".join(parts)


def commands(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The commands under this one that do something, with their words."""
    below = getattr(command, "commands", None)
    if below is None:
        yield path, command
        return
    for name, each in below.items():
        yield from commands(each, (*path, name))


def command_section(name: str, command: Any) -> str:
    """One command."""
    shown = [each for each in command.params if not each.hidden and each.name != "help"]
    arguments = [each for each in shown if each.param_type_name == "argument"]
    words = " ".join(argument_word(each) for each in arguments)
    rows = [(f"`{argument_word(each)}`", each.help or "") for each in arguments]
    rows += [(option_words(each), option_help(each)) for each in shown if each not in arguments]
    lines = [f"## {name}\n", f"```\n{name} [OPTIONS] {words}".rstrip() + "\n```\n", f"{command.help}\n"]
    return "\n".join([*lines, table(("", ""), rows)])


def argument_word(argument: Any) -> str:
    """An argument as it stands in the usage line."""
    word = argument.metavar or (argument.name or "").upper()
    word += "…" if argument.nargs == -1 else ""
    return word if argument.required else f"[{word}]"


def option_words(option: Any) -> str:
    """An option's names and the word for its value."""
    names = ", ".join(f"`{each}`" for each in (*option.opts, *option.secondary_opts))
    if option.is_flag:
        return names
    choices = getattr(option.type, "choices", None)
    value = "\\|".join(map(str, choices)) if choices else option.metavar or (option.name or "").upper()
    return f"{names} {value}"


def option_help(option: Any) -> str:
    """An option's help with its default and its variable."""
    text = option.help or ""
    if option.default not in (None, False, (), "") and not option.is_flag:
        text += f" Default: `{option.default}`."
    return text + (f" Variable: `{option.envvar}`." if option.envvar else "")


def api_page() -> str:
    """Every operation of the native API, from its OpenAPI document."""
    described = openapi()
    rows = [
        (method.upper(), f"`{path}`", operation.get("summary") or operation.get("description", ""))
        for path, operations in described["paths"].items()
        for method, operation in operations.items()
    ]
    return "\n".join(
        [
            "# The native API\n\n" + NOTE,
            "A running server describes this API in full, with the shape of every body, at"
            " `/api/v1/openapi.json`. Errors have the body"
            ' `{"error": {"code": …, "message": …, "detail": …}}`.\n',
            table(("method", "path", ""), rows),
            "## Bodies\n",
            *(schema_section(name, schema) for name, schema in schemas(described)),
        ]
    )


def openapi() -> dict[str, Any]:
    """The document that a server on an empty store gives."""
    from lineal.server.local import LocalTransport

    with tempfile.TemporaryDirectory() as folder:
        server = LocalTransport(folder)
        try:
            found: dict[str, Any] = json.loads(server.request("GET", "/api/v1/openapi.json").body)
        finally:
            server.close()
    return found


def schemas(described: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Named shapes that are objects, by name."""
    named = described.get("components", {}).get("schemas", {})
    return sorted((name, schema) for name, schema in named.items() if "properties" in schema)


def schema_section(name: str, schema: dict[str, Any]) -> str:
    """One shape."""
    required = set(schema.get("required", ()))
    rows = [
        (f"`{key}`", shape(each), "required" if key in required else default_of(each))
        for key, each in schema["properties"].items()
    ]
    about = prose(schema.get("description", ""))
    return f"### {name}\n\n{about}\n\n" + table(("field", "type", ""), rows)


def shape(schema: dict[str, Any]) -> str:
    """A field's type in a few words."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return f"[{name}](#{name.lower()})"
    if "enum" in schema:
        return ", ".join(f"`{json.dumps(each)}`" for each in schema["enum"])
    choices = schema.get("anyOf") or schema.get("oneOf")
    if choices:
        return " or ".join(dict.fromkeys(shape(each) for each in choices))
    if schema.get("type") == "array":
        return f"list of {shape(schema['items'])}" if schema.get("items") else "list"
    if schema.get("type") == "object" and schema.get("additionalProperties"):
        return f"object of {shape(schema['additionalProperties'])}"
    return str(schema.get("type", "anything"))


def default_of(schema: dict[str, Any]) -> str:
    """What a field is when it is left out."""
    return f"default `{json.dumps(schema['default'])}`" if "default" in schema else ""


def client_page() -> str:
    """Every public method of the client."""
    from lineal.client.accounts import Accounts
    from lineal.client.client import Client
    from lineal.client.webhooks import Webhooks

    parts = ["# The Python client\n\n" + NOTE, "```python\nfrom lineal import Client\n```\n"]
    for owner, kind in (("Client", Client), ("client.accounts", Accounts), ("client.webhooks", Webhooks)):
        parts.append(f"## {owner}\n\n{prose(inspect.getdoc(kind) or '')}\n")
        parts += [method_section(name, each) for name, each in methods(kind)]
    return "\n".join(parts)


def methods(kind: type) -> Iterator[tuple[str, Any]]:
    """Public methods in the order of the source, then those of what it is made of."""
    for owner in kind.__mro__[:-1]:
        for name, each in vars(owner).items():
            if (name == "__init__" and owner.__name__ == "Client") or not name.startswith("_"):
                yield name, each


def method_section(name: str, method: Any) -> str:
    """One method or property."""
    about = prose(inspect.getdoc(method) or "")
    if isinstance(method, property):
        return f"### {name}\n\n{about}\n"
    shown = "Client" if name == "__init__" else name
    return f"### {shown}\n\n```python\n{shown}{signature_of(method)}\n```\n\n{about}\n"


class Raw(str):
    """Text that stands for itself in a signature."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def signature_of(method: Any) -> str:
    """A method's parameters without `self`, on several lines when they are many."""
    given = inspect.signature(method)
    own = [
        each.replace(annotation=Raw(each.annotation))
        for each in given.parameters.values()
        if each.name != "self"
    ]
    parameters = str(inspect.Signature(own))[1:-1]
    answer = "" if given.return_annotation == "None" else f" -> {given.return_annotation}"
    if len(parameters) > 80:
        lines = re.sub(r", (?=\*|\w+:)", ",\n    ", parameters)
        parameters = f"\n    {lines},\n"
    return f"({parameters}){answer}"


def operations_page() -> str:
    """What each protocol publishes, and whether it is served."""
    parts = ["# Operations of every protocol\n\n" + NOTE]
    for file in sorted((ROOT / "src/lineal/protocols").glob("*/operations.toml")):
        operations = tomllib.loads(file.read_text("utf-8")).get("operation", [])
        served = [each for each in operations if "refused" not in each]
        rows = [
            (f"`{each['name']}`", "served" if each in served else f"refused: {each['refused']}")
            for each in operations
        ]
        parts.append(f"## {file.parent.name}\n\n{len(served)} of {len(operations)} are served.\n")
        parts.append(table(("operation", ""), rows))
    return "\n".join(parts)


def prose(docstring: str) -> str:
    """A docstring in Google's style as Markdown."""
    lines: list[str] = []
    for line in inspect.cleandoc(docstring).splitlines():
        if line in SECTIONS:
            lines += [f"{SECTIONS[line]}:", ""]
        elif item := re.match(r"    (\w[\w, ]*): (.*)", line):
            lines.append(f"- `{item[1]}`: {item[2]}")
        else:
            lines.append(line.removeprefix("    ").replace("    ", "  "))
    return "\n".join(lines)


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; nothing without rows."""
    rows = [[cell.replace("\n", " ") for cell in row] for row in rows]
    if not rows:
        return ""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "cli.md": cli_page,
    "api.md": api_page,
    "client.md": client_page,
    "operations.md": operations_page,
}


def main(check: bool) -> int:
    """Write the pages, or hold them against what they should be; the exit status."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    stale = []
    for name, make in PAGES.items():
        page, file = make(), FOLDER / name
        if check and (not file.exists() or file.read_text("utf-8") != page):
            stale.append(name)
        elif not check:
            file.write_text(page, "utf-8")
    if stale:
        print(
            f"docs/reference: {', '.join(stale)} are not what the code says; run `make docs`", file=sys.stderr
        )
    return bool(stale)


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
