"""The file .env, read as Compose reads it."""

import re
from collections.abc import Mapping
from io import StringIO
from pathlib import Path

from dotenv.parser import Binding, parse_stream

LITERAL, DOUBLE_QUOTED = re.compile(r"[^=]*=[ \t]*'"), re.compile(r'[^=]*=[ \t]*"')
ESCAPED_DOLLAR = re.compile(r"(?<!\\)\\\$")
REFERENCE = re.compile(
    r"\$(?:\$|(?P<bare>[A-Za-z_]\w*)"
    r"|\{(?P<braced>\w+)(?:(?P<operator>:?[-+])(?P<word>(?:[^{}]|\{[^}]*\})*))?\})"
)


def read_env_file(path: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a .env file as Compose reads them; for `${NAME}` the environment comes first.

    python-dotenv reads the lines; one that it cannot read ends the command.
    """
    variables: dict[str, str] = {}
    for binding in parse_stream(StringIO(path.read_text("utf-8"))) if path.exists() else ():
        if binding.error:
            raise SystemExit(f"{path}, line {binding.original.line}: write NAME=value or NAME='value'")
        if binding.key is not None and binding.value is not None:
            variables[binding.key] = _expanded(binding, {**variables, **environment})
    return variables


def _expanded(binding: Binding, known: Mapping[str, str]) -> str:
    written = binding.original.string
    if LITERAL.match(written):
        return binding.value or ""
    if DOUBLE_QUOTED.match(written):  # there `\$` is a dollar sign; python-dotenv would keep the backslash
        (binding,) = parse_stream(StringIO(ESCAPED_DOLLAR.sub("$$", written)))
    return expand(binding.value or "", known)


def expand(value: str, known: Mapping[str, str]) -> str:
    """Replace `$NAME`, `${NAME}`, `${NAME:-default}` and `${NAME:+other}`, as Compose does.

    Our own, as python-dotenv knows only the second and the third, and expands within single quotes too.
    """

    def value_of(found: re.Match[str]) -> str:
        name, operator, word = found["braced"] or found["bare"], found["operator"] or "", found["word"] or ""
        if name is None:  # $$
            return "$"
        present = bool(known.get(name)) if operator.startswith(":") else name in known
        if operator.endswith("+"):
            return expand(word, known) if present else ""
        return known.get(name, "") if present or not operator else expand(word, known)

    return REFERENCE.sub(value_of, value)
