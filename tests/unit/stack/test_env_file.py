"""The file .env, read as Compose reads it."""

from pathlib import Path

import pytest

from stack.env_file import read_env_file

# What `docker compose config` 2.40 made of these lines, below A=1 and with SHELL=shell in the environment.
AS_COMPOSE = {
    "B='two words'": "two words",
    'B="x # y"': "x # y",
    "B=4 # four": "4",
    "B=a=b": "a=b",
    "B=a#b": "a#b",
    "B=it's": "it's",
    "B=": "",
    'B="line\\nbreak"': "line\nbreak",
    "B='raw\\n $A ${A}'": "raw\\n $A ${A}",
    'B="quo\\"te"': 'quo"te',
    'B="several\nlines"': "several\nlines",
    "B=${A}": "1",
    'B="${A}-x"': "1-x",
    "B=$A": "1",
    "B=$A$A-$A.x": "11-1.x",
    "B=$1": "$1",
    "B=pa$$word": "pa$word",
    'B="pa\\$A"': "pa$A",
    "B=\\$A": "\\1",
    "B=${MISSING}": "",
    "B=${MISSING:-a b}": "a b",
    "B=${MISSING:-${A}}": "1",
    "B=${MISSING-none}": "none",
    "B=${A:+other}": "other",
    "B=${MISSING:+other}": "",
    "B=${EMPTY:-default}": "default",
    "B=${EMPTY-default}": "",
    "B=${A:+[${A}]}": "[1]",
    "B=x${MISSING:+${A}}y": "xy",
    "B=${EMPTY:+other}": "",
    "B=${EMPTY+other}": "other",
    "B=${MISSING:-}": "",
    "B=''": "",
    "SHELL=file\nB=${SHELL}": "shell",
    "B=${LATER}\nLATER=2": "",
}


def test_env_files_have_quotes_comments_and_exports(tmp_path: Path) -> None:
    """The forms that Compose reads are read alike."""
    text = "# comment\nA=1\nexport B='two words'\nC=\"x # y\"\nD=4 # four\n\nE=a=b\n"
    (tmp_path / ".env").write_text(text)
    read = read_env_file(tmp_path / ".env", {})
    assert read == {"A": "1", "B": "two words", "C": "x # y", "D": "4", "E": "a=b"}


@pytest.mark.parametrize("line", AS_COMPOSE, ids=map(str, range(len(AS_COMPOSE))))
def test_a_value_is_what_compose_makes_of_it(tmp_path: Path, line: str) -> None:
    """The same file means the same with Docker and without."""
    (tmp_path / ".env").write_text(f"A=1\nEMPTY=\n{line}\n")
    assert read_env_file(tmp_path / ".env", {"SHELL": "shell"})["B"] == AS_COMPOSE[line]


def test_without_the_file_there_are_no_variables(tmp_path: Path) -> None:
    """A fresh clone has none; a name without a value gives none either."""
    assert read_env_file(tmp_path / ".env", {}) == {}
    (tmp_path / ".env").write_text("A\nB=1\n")
    assert read_env_file(tmp_path / ".env", {}) == {"B": "1"}


def test_a_line_that_is_no_assignment_is_named(tmp_path: Path) -> None:
    """Nothing is passed over in silence: the command ends with the file, the line and the form to write."""
    (tmp_path / ".env").write_text("A=1\nB='open\n")
    with pytest.raises(SystemExit, match="line 2: write NAME=value"):
        read_env_file(tmp_path / ".env", {})
