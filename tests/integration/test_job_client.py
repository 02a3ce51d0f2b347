"""`python -m job_server.client`, as people call it."""

import csv
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.colour_model import colour_image
from tests.integration.jobs_program import JobsProgram
from tests.integration.server_program import ROOT
from tests.ports import free_port


def client(url: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
    """Call it."""
    return subprocess.run(
        [sys.executable, "-m", "job_server.client", *map(str, words)],
        cwd=ROOT,
        env=os.environ | {"JOB_SERVER_URL": url},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def images(folder: Path) -> Path:
    """Write three images, one of them in a folder within, and a hidden file."""
    (folder / "more").mkdir(parents=True)
    (folder / ".DS_Store").write_bytes(b"unasked")
    for name, colour in [("a.png", "red"), ("b.png", "green"), ("more/c.png", "blue")]:
        (folder / name).write_bytes(colour_image(colour))
    return folder


def test_a_folder_of_images_is_handed_in_watched_and_fetched(image_jobs: JobsProgram, tmp_path: Path) -> None:
    """In one command; each file has its result."""
    results = tmp_path / "results.jsonl"
    called = client(image_jobs.url, "submit", images(tmp_path / "in"), "--watch", "--results", results)
    assert called.returncode == 0, called.stderr
    assert "done: 3 of 3, 0 failed" in called.stderr
    lines = [json.loads(line) for line in results.read_text().splitlines()]
    assert {one["filename"]: one["likely_class"] for one in lines} == {
        "a.png": "red",
        "b.png": "green",
        "more/c.png": "blue",
    }
    job = called.stdout.strip()
    assert job in client(image_jobs.url, "list").stdout
    table = tmp_path / "results.csv"
    assert client(image_jobs.url, "results", job, table).returncode == 0
    assert [row["filename"] for row in csv.DictReader(table.read_text().splitlines())] == [
        one["filename"] for one in lines
    ]


def test_a_file_that_holds_inputs_goes_as_it_is(jobs: JobsProgram, tmp_path: Path) -> None:
    """With its type; the same key gives the same job."""
    table = tmp_path / "rows.csv"
    table.write_text("x1,x2\n1,2\n3,4\n")
    first, second = (client(jobs.url, "submit", table, "--key", "a-key-of-ours") for _ in range(2))
    assert first.returncode == 0, first.stderr
    assert first.stdout == second.stdout
    watched = client(jobs.url, "watch", first.stdout.strip())
    assert (watched.returncode, watched.stderr[:12]) == (0, "done: 2 of 2")


def test_a_job_without_an_answer_fails_the_command(image_jobs: JobsProgram, tmp_path: Path) -> None:
    """So a script notices."""
    broken = tmp_path / "broken.zip"
    with zipfile.ZipFile(broken, "w") as file:
        file.writestr("broken.png", colour_image("red")[:60])
    called = client(image_jobs.url, "submit", broken, "--watch")
    assert (called.returncode, called.stderr[:26]) == (1, "failed: 1 of 1, 1 failed, ")


def test_what_goes_wrong_is_a_sentence(jobs: JobsProgram, tmp_path: Path) -> None:
    """Without a traceback, and without waiting for what never was there."""
    empty = tmp_path / "empty"
    empty.mkdir()
    page = tmp_path / "page.html"
    page.write_text("<html>")
    nobody = f"http://127.0.0.1:{free_port()}"
    cases: list[tuple[str, tuple[str | Path, ...], str]] = [
        (jobs.url, ("submit", tmp_path / "none"), "none: there is no such file or folder."),
        (jobs.url, ("submit", empty), "there is no file in it."),
        (jobs.url, ("watch", "nothing"), "There is no such job."),
        (jobs.url, ("results", "nothing", tmp_path / "results.csv"), "There is no such job."),
        (jobs.url, ("watch", "../healthz"), "Not Found"),
        (jobs.url, ("cancel", ""), "a job's id is not empty"),
        (
            jobs.url,
            ("submit", page, "--key", "\u00fc\n"),
            "an Idempotency-Key has printable ASCII characters.",
        ),
        (f"{jobs.url}/docs?", ("list",), "is no job server."),
        (nobody, ("submit", page), "no job server answers"),
        ("htp://x", ("list",), "Write http://HOST:PORT."),
    ]
    for url, words, said in cases:
        called = client(url, *words)
        assert called.returncode == 1
        assert said in called.stderr
        assert called.stderr.startswith("error: ")
        assert called.stdout == ""
    assert not list(tmp_path.glob("results*"))


def test_a_server_that_comes_again_is_waited_for(image_jobs: JobsProgram, tmp_path: Path) -> None:
    """Watching goes on where it was; the answers are all there."""
    job = client(image_jobs.url, "submit", images(tmp_path / "in")).stdout.strip()
    image_jobs.server.kill()
    image_jobs.server.start()
    image_jobs.server.wait_until_ready()
    watched = client(image_jobs.url, "watch", job)
    assert (watched.returncode, "done: 3 of 3" in watched.stderr) == (0, True)
