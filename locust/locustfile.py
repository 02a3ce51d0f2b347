"""The load: people who open the page, upload images, clean and dirty, say what is on some, and make mistakes.

locust --config locust/locust.conf                 100 users for 5 minutes, exit code 1 on a failed objective
locust --config locust/locust.conf --exclude-tags dirty      no drift wanted
"""

import json
import os
import random
from pathlib import Path
from typing import Any, NamedTuple

from locust import FastHttpUser, between, events, tag, task
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment

IMAGES = Path(os.environ.get("LOCUST_IMAGES", Path(__file__).parents[1] / "examples/fruit/images"))
FAULT_INJECTION = os.environ.get("FAULT_INJECTION", "false").lower() in {"1", "true", "yes", "on"}


class Image(NamedTuple):
    """An image, and what is on it: the name of its folder."""

    name: str
    data: bytes
    label: str


def load_images(split: str) -> list[Image]:
    """Read the split's images, or say how to make them."""
    paths = sorted((IMAGES / split).rglob("*.jpg"))
    if not paths:
        raise SystemExit(f"{IMAGES / split} has no images. Make them: python download_models.py")
    return [Image(path.name, path.read_bytes(), path.parent.name) for path in paths]


class Visitor(FastHttpUser):
    """Someone who uploads an image every other second."""

    wait_time = between(1, 3)

    def on_start(self) -> None:
        """Have the images in memory; every user has the same ones."""
        self.clean = images["test"]
        self.dirty = images["dirty_test"]

    @tag("page")
    @task(2)
    def page(self) -> None:
        """Open the upload page."""
        self.client.get("/", name="page")

    @tag("clean")
    @task(10)
    def clean_image(self) -> None:
        """Upload an image like those the model knows."""
        self.ask("clean image", random.choice(self.clean))

    @tag("dirty")
    @task(4)
    def dirty_image(self) -> None:
        """Upload a blurred, dark or damaged image."""
        self.ask("dirty image", random.choice(self.dirty))

    @tag("client-error")
    @task(1)
    def client_error(self) -> None:
        """Upload what is no image: the server is to refuse it with 415."""
        self.upload("not an image (415)", "notes.txt", b"no image at all", "text/plain", 415)

    if FAULT_INJECTION:

        @tag("server-error")
        @task(1)
        def server_error(self) -> None:
            """Ask for a fault, which a stack with FAULT_INJECTION=true answers with 500."""
            self.upload("injected fault (500)", "fault", b"", "fake_server_error/500", 500)

    def ask(self, name: str, image: Image) -> None:
        """Upload an image, and say of a share of them what is on it."""
        answer = self.upload(name, image.name, image.data, "image/jpeg", 200)
        options = self.environment.parsed_options
        if answer and options and random.random() < options.labels:
            self.tell(answer["request_id"], image.label)

    def tell(self, request_id: str, label: str) -> None:
        """Send a true label; that the prediction was not sampled, or has other classes, is no failure."""
        body = {"request_id": request_id, "label": label}
        with self.client.post("/feedback", json=body, name="label", catch_response=True) as response:
            if response.status_code in {200, 404, 422}:
                response.success()
            else:
                response.failure(f"{response.status_code} to a label: {reason(response.text)}")

    def upload(self, name: str, file_name: str, data: bytes, content_type: str, expected: int) -> Any:
        """Send a file, and return the answer; another status than the expected one is a failure."""
        files = {"file": (file_name, data, content_type)}
        with self.client.post("/predict", files=files, name=name, catch_response=True) as response:
            if response.status_code == expected:
                response.success()
                return json.loads(response.text or "null")
            response.failure(f"{response.status_code} in place of {expected}: {reason(response.text)}")
            return None


def reason(body: str | None) -> str:
    """Return what the server said, in one line."""
    try:
        return str(json.loads(body or "")["detail"])
    except (ValueError, KeyError, TypeError):
        return (body or "no answer")[:80]


images: dict[str, list[Image]] = {}


@events.init_command_line_parser.add_listener
def add_objectives(parser: LocustArgumentParser) -> None:
    """Add the objectives and the share of labels to the command line and to locust.conf."""
    parser.add_argument("--slo-failures", type=float, default=0.01, help="largest share of failed requests")
    parser.add_argument(
        "--labels", type=float, default=0.1, help="share of the predictions whose true label is told"
    )
    parser.add_argument("--slo-p99", type=float, default=2000, help="largest 99th percentile in ms")


@events.test_start.add_listener
def read_images(**_: Any) -> None:
    """Read the images once, when a test starts and not when the file is imported."""
    images.update({split: load_images(split) for split in ("test", "dirty_test")})


@events.quitting.add_listener
def judge(environment: Environment, **_: Any) -> None:
    """Exit with 1 when an objective was missed or nothing was measured."""
    total, options = environment.stats.total, environment.parsed_options
    assert options is not None  # noqa: S101 - only an environment made by hand has none
    p99 = total.get_response_time_percentile(0.99) or 0
    missed = []
    if total.num_requests == 0:
        missed.append("no request was answered")
    if total.fail_ratio > options.slo_failures:
        missed.append(
            f"{total.fail_ratio:.2%} of the requests failed, {options.slo_failures:.2%} are allowed"
        )
    if p99 > options.slo_p99:
        missed.append(f"p99 was {p99:.0f} ms, {options.slo_p99:.0f} ms are allowed")
    print("Objectives " + ("missed: " + "; ".join(missed) if missed else f"met: p99 {p99:.0f} ms"))
    environment.process_exit_code = 1 if missed else 0
