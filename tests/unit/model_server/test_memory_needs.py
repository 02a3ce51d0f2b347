"""Settings that memory cannot hold are refused, with the sum."""

import logging
import re
from dataclasses import fields, replace
from pathlib import Path

import pytest

from inference.backend import BackendSettings
from inference.image_limits import DECODING_BYTES, DECODING_BYTES_PER_PIXEL, MIB, decoding_bytes
from inference.manifest import read_manifest
from model_server import __main__ as program
from model_server.backends import load_backend, memory_settings
from model_server.memory_needs import (
    MemorySettings,
    TooLittleMemory,
    check_memory,
    memory_needs,
)
from model_server.settings import ModelServerSettings
from model_server.worker_pool.limits import limits_alone, limits_in_batch
from model_server.worker_pool.zygote import Zygote
from service.body_limit import BODIES_AT_ONCE

PROJECT = Path(__file__).parents[3]
DEFAULTS = MemorySettings(
    max_image_pixels=25_000_000,
    max_body_bytes=10 * MIB,
    queue_size=512,
    batch_max_size=16,
    workers=1,
    image_size=150,
    weights_bytes=9 * MIB,
)


def total(settings: MemorySettings) -> int:
    return sum(memory_needs(settings).values())


def test_what_just_suffices_suffices() -> None:
    """And a byte less does not."""
    check_memory(DEFAULTS, total(DEFAULTS))
    with pytest.raises(TooLittleMemory):
        check_memory(DEFAULTS, total(DEFAULTS) - 1)


@pytest.mark.parametrize("name", [field.name for field in fields(MemorySettings)])
def test_every_setting_counts(name: str) -> None:
    """Twice as much of any of them needs more."""
    assert total(replace(DEFAULTS, **{name: 2 * getattr(DEFAULTS, name)})) > total(DEFAULTS)


def test_a_large_image_counts_once_and_uploads_as_many_as_are_let_in() -> None:
    """Large images are decoded one at a time; bodies wait for a place that is theirs."""
    more_pixels = total(replace(DEFAULTS, max_image_pixels=26_000_000)) - total(DEFAULTS)
    assert more_pixels == 1_000_000 * DECODING_BYTES_PER_PIXEL
    assert decoding_bytes(1_000_000) == 1_000_000 * DECODING_BYTES_PER_PIXEL + DECODING_BYTES
    more_bytes = total(replace(DEFAULTS, max_body_bytes=11 * MIB)) - total(DEFAULTS)
    assert more_bytes >= BODIES_AT_ONCE * MIB


def test_a_reload_and_loading_count() -> None:
    """The new model stands beside the old one, and each reads its weights beside the network."""
    heavier = replace(DEFAULTS, weights_bytes=DEFAULTS.weights_bytes + MIB)
    assert total(heavier) - total(DEFAULTS) == 4 * MIB


def test_the_refusal_shows_the_sum_and_what_to_change() -> None:
    """Its lines add up, and what it proposes is enough."""
    with pytest.raises(TooLittleMemory) as caught:
        check_memory(DEFAULTS, 1100 * MIB)
    first, *items, last = caught.value.lines
    stated = re.fullmatch(r"the settings may need (\d+) MiB of memory, and there are 1100 MiB:", first)
    assert stated is not None
    sizes = [int(item.split()[0]) for item in items]
    assert 0 <= sum(sizes) - int(stated[1]) <= len(sizes)  # each is rounded up
    assert any("MAX_IMAGE_PIXELS=25000000" in item for item in items)
    advice = re.fullmatch(
        r"Set MODEL_SERVER_MEMORY=(\d+)m \(with Docker\), or MAX_IMAGE_PIXELS=(\d+) at most\.", last
    )
    assert advice is not None
    check_memory(DEFAULTS, int(advice[1]) * MIB)
    check_memory(replace(DEFAULTS, max_image_pixels=int(advice[2])), 1100 * MIB)


def test_no_image_is_proposed_that_is_too_small_to_be_of_use() -> None:
    """Where even that would not suffice, only memory helps."""
    with pytest.raises(TooLittleMemory) as caught:
        check_memory(DEFAULTS, 512 * MIB)
    assert "MAX_IMAGE_PIXELS" not in caught.value.lines[-1]


def test_the_stacks_own_defaults_hold() -> None:
    """With Docker, on the CPU that a slot has by default, and the larger of the demo's models."""
    example = (PROJECT / ".env.example").read_text("utf-8")
    (memory,) = re.findall(r"^MODEL_SERVER_MEMORY=(\d+)m$", example, flags=re.M)
    (cpus,) = re.findall(r"^MODEL_SERVER_CPUS=(\d)\.0$", example, flags=re.M)
    settings = ModelServerSettings()
    check_memory(
        replace(
            DEFAULTS,
            max_image_pixels=settings.max_image_pixels,
            max_body_bytes=settings.max_body_bytes,
            queue_size=settings.queue_size,
            batch_max_size=settings.batch_max_size,
            workers=int(cpus),
        ),
        int(memory) * MIB,
    )


def test_an_image_model_is_not_loaded_into_too_little(
    package_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is refused before a process is started, at the start and at a reload alike."""
    settings = ModelServerSettings(model_package=package_folder, cpu_threads=3)
    monkeypatch.setattr("model_server.backends.available_memory", lambda: 512 * MIB)
    monkeypatch.setattr("model_server.backends.WorkerPool", None)
    with pytest.raises(TooLittleMemory, match="in 3 workers"):
        load_backend(settings, Zygote(), on_worker_lost=lambda _: None, on_lost=lambda: None)


def test_the_weights_of_the_package_count(package_folder: Path) -> None:
    """As large as they are on the disk; absent ones are another's concern."""
    settings = ModelServerSettings(model_package=package_folder)
    manifest = read_manifest(package_folder)
    weights = package_folder / manifest.weights
    assert memory_settings(settings, manifest).weights_bytes == weights.stat().st_size
    assert memory_settings(settings, manifest).image_size == manifest.image_input.size
    weights.unlink()
    assert memory_settings(settings, manifest).weights_bytes == 0


def test_the_server_says_so_line_by_line_and_ends(
    package_folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Each line is a log record of its own, to be read as a sum."""
    monkeypatch.setenv("MODEL_PACKAGE", str(package_folder))
    monkeypatch.setattr("model_server.backends.available_memory", lambda: 512 * MIB)
    monkeypatch.setattr(program, "configure_logging", lambda _: None)
    with caplog.at_level(logging.CRITICAL), pytest.raises(SystemExit) as ended:
        program.main()
    assert ended.value.code == 1
    assert len(caplog.messages) == 2 + len(memory_needs(DEFAULTS))
    assert "there are 512 MiB" in caplog.messages[0]


def test_what_workers_may_take_is_in_the_sum() -> None:
    """The kernel lets each of them have so much for an image, all at once."""
    backend = BackendSettings(Path())
    granted = 3 * limits_in_batch(backend).memory_bytes + limits_alone(backend).memory_bytes
    needs = memory_needs(replace(DEFAULTS, workers=3))
    assert sum(size for item, size in needs.items() if "image" in item) >= granted
