"""The documents' form, and the positions' order."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from bson import decode, encode

from mongodb.documents import FeatureResult, Result, Sample, pack, unpack
from mongodb.positions import SETTLE_SECONDS, START, WRITE_SECONDS, new_position, settled_before


def test_an_embedding_is_little_endian_float32() -> None:
    """The bytes of an embedding are those that any little-endian float32 reader understands."""
    assert pack(np.array([1.0, -2.0], dtype=">f8").astype(np.float32)) == bytes.fromhex("0000803f000000c0")


@pytest.mark.parametrize("width", [0, 2, 4])
def test_bytes_of_another_width_are_refused(width: int) -> None:
    """Bytes that are not `width` values are an error, not a shorter embedding."""
    with pytest.raises(ValueError, match="float32"):
        unpack(bytes(12), width)


def test_positions_rise() -> None:
    """Positions that one process makes are in the order of their making, after the start."""
    positions = [START] + [new_position() for _ in range(100)]
    assert positions == sorted(set(positions))


def test_a_position_settles_after_its_time() -> None:
    """Readers may pass a position once it is as old as they must wait, and not before."""
    position, now = new_position(), datetime.now(UTC)
    assert position > settled_before(now + timedelta(seconds=SETTLE_SECONDS - 1))
    assert position < settled_before(now + timedelta(seconds=SETTLE_SECONDS + 1))


def test_readers_wait_longer_than_a_write_can_take() -> None:
    """No write that succeeds can place samples where readers have been."""
    assert SETTLE_SECONDS > WRITE_SECONDS


def a_result() -> Result:
    now = datetime.now(UTC)
    return Result(
        slot="model_server",
        model="small-cnn",
        version="1",
        package_sha256="a" * 64,
        window=START,
        window_end=new_position(),
        n=100,
        dropped=0,
        p_value=0.5,
        distance=0.0,
        threshold=0.01,
        p_value_threshold=0.05,
        drift=False,
        detector="mmd",
        reference_sha256="0",
        first_sample_at=now,
        last_sample_at=now,
        scored_at=now,
    )


def test_a_result_comes_back_as_it_was_also_from_a_later_version() -> None:
    """A document that has more fields than this version knows is read all the same."""
    result = a_result()
    assert Result.from_document({**result.to_document(), "_id": 1, "new_in_a_later_version": True}) == result


def test_features_come_back_as_they_were() -> None:
    """What was found of each feature survives the way through the database's own form."""
    age = FeatureResult("age", p_value=0.001, distance=0.4, drift=True)
    result = replace(a_result(), features=(age, FeatureResult("income", 0.7, 0.1, drift=False)))
    document = decode(encode(result.to_document()))
    assert Result.from_document(document).features == result.features
    document["features"][0]["new_in_a_later_version"] = True
    assert Result.from_document(document).features == result.features


def test_a_result_from_before_there_were_features_is_read() -> None:
    """An older version's document has no features, which is no fault."""
    document = a_result().to_document()
    del document["features"]
    assert Result.from_document(document).features == ()


def test_a_result_that_lacks_a_field_is_refused() -> None:
    """An older version's document is an error that the store can pass over."""
    document = a_result().to_document()
    del document["threshold"]
    with pytest.raises(KeyError, match="threshold"):
        Result.from_document(document)


def test_a_sample_from_before_traffic_was_told_apart_is_a_users() -> None:
    """It has neither traffic nor probabilities, and can be read."""
    now, embedding = datetime.now(UTC), np.ones(2, np.float32)
    sample = Sample("r", "model_server", "m", "1", "a" * 64, now, embedding, "x", 0.5, "shadow", (0.5, 0.5))
    document = sample.to_document()
    again = Sample.from_document(document)
    assert (again.traffic, again.probabilities) == ("shadow", (0.5, 0.5))
    del document["traffic"], document["probabilities"]
    old = Sample.from_document(document)
    assert (old.traffic, old.probabilities) == ("user", ())
