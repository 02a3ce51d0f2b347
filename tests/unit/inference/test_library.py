"""inference/ is a library: it brings no program with it, and its README's example works."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.colour_model import colour_image, write_colour_package
from tests.tensor_model import write_regressor

PROJECT = Path(__file__).parents[3]
SOURCES = sorted((PROJECT / "inference").glob("[!_]*.py"))
OUR_OTHER_FOLDERS = {path.parent.name for path in PROJECT.glob("*/*.py")} - {"inference"}
SERVERS_LIBRARIES = {"fastapi", "starlette", "uvicorn", "pymongo", "prometheus_client", "pydantic_settings"}
PROCESSES = {"subprocess", "multiprocessing", "concurrent", "signal", "threading", "asyncio"}
IMPORT_AND_LIST = "import sys; list(map(__import__, sys.argv[1:])); print(*sys.modules)"


def test_no_module_brings_a_program_with_it() -> None:
    """All of them in a fresh interpreter import neither HTTP, nor a database, nor another folder of ours."""
    command = [sys.executable, "-c", IMPORT_AND_LIST, *(f"inference.{source.stem}" for source in SOURCES)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    imported = {name.partition(".")[0] for name in done.stdout.split()}
    assert not imported & (SERVERS_LIBRARIES | OUR_OTHER_FOLDERS)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_a_module_handles_no_processes(source: Path) -> None:
    """Processes, threads and event loops are the program's. (PyTorch itself imports multiprocessing.)"""
    nodes = list(ast.walk(ast.parse(source.read_text("utf-8"))))
    imported = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    assert not {name.partition(".")[0] for name in imported} & PROCESSES


def test_the_readmes_example_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten lines load a package and answer an image, then a row."""
    [example] = re.findall(r"```python\n(.*?)```", (PROJECT / "inference/README.md").read_text("utf-8"), re.S)
    write_colour_package(tmp_path / "model_server/model")
    write_regressor(tmp_path / "examples/tabular/regressor/model")
    (tmp_path / "photo.jpg").write_bytes(colour_image("green", "JPEG"))
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(example, names)
    assert names["label"] == "green"
    assert names["prediction"].outputs[0, 0] == pytest.approx(0.4)  # type: ignore[attr-defined]


def test_the_readme_names_every_module() -> None:
    """A newcomer looks there first."""
    named = re.findall(r"^\| `(\w+\.py)`", (PROJECT / "inference/README.md").read_text("utf-8"), re.M)
    assert sorted(named) == [path.name for path in SOURCES]
