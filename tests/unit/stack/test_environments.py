"""Virtual environments follow their requirement files."""

from pathlib import Path

from stack.environments import read_requirements


def test_an_included_file_counts(tmp_path: Path) -> None:
    """A change in a file that is named with -r makes the environment anew."""
    (tmp_path / "inner.txt").write_text("a==1\n")
    (tmp_path / "outer.txt").write_text("-r inner.txt\nb==1\n")
    before = read_requirements(tmp_path / "outer.txt").sha256
    (tmp_path / "inner.txt").write_text("a==2\n")
    assert read_requirements(tmp_path / "outer.txt").sha256 != before


def test_only_torch_is_asked_of_its_own_index(tmp_path: Path) -> None:
    """The extra index serves torch and torchvision, wherever they are written, and nothing else."""
    (tmp_path / "inner.txt").write_text("torch==2.13.0  # CPU\ntorchvision==0.28.0\n")
    (tmp_path / "outer.txt").write_text("-r inner.txt\nnumpy==2.4.6\n")
    assert read_requirements(tmp_path / "outer.txt").torch == ["torch==2.13.0", "torchvision==0.28.0"]
