"""Which of a database's complaints pass and which do not."""

import pytest
from pymongo.errors import BulkWriteError, ServerSelectionTimeoutError

from mongodb.errors import StoreUnavailable, count_rejected, unavailable_on_error


def bulk_error(*codes: int, write_concern: bool = False) -> BulkWriteError:
    """Make the driver's error for documents that failed with these codes."""
    errors = [{"index": index, "code": code, "errmsg": f"code {code}"} for index, code in enumerate(codes)]
    concerns = [{"code": 64, "errmsg": "waiting for replication timed out"}] if write_concern else []
    return BulkWriteError({"writeErrors": errors, "writeConcernErrors": concerns})


def test_duplicates_are_no_failure() -> None:
    """Documents that were there already are neither rejected nor a reason to try again."""
    assert count_rejected(bulk_error(11000, 11000)) == 0


def test_documents_against_the_rules_are_rejected() -> None:
    """Documents that fail validation or are too large are counted, duplicates among them are not."""
    assert count_rejected(bulk_error(121, 11000, 10334)) == 2


@pytest.mark.parametrize("code", [10107, 14031, 11600, 50, 13, 8])
def test_what_can_pass_is_tried_again(code: int) -> None:
    """No primary, disk full, shutdown, timeout, missing rights and the unknown are all tried again."""
    with pytest.raises(StoreUnavailable, match=f"code {code}"):
        count_rejected(bulk_error(121, code))


def test_an_unconfirmed_write_is_tried_again() -> None:
    """A write that was not confirmed by enough members is repeated."""
    with pytest.raises(StoreUnavailable, match="replication"):
        count_rejected(bulk_error(11000, write_concern=True))


def test_the_reason_is_one_line_without_the_drivers_view_of_the_servers() -> None:
    """The message of an outage is fit for one line of log."""
    message = "127.0.0.1:1: connection refused, Timeout: 2.0s, Topology Description: <...>"
    with pytest.raises(StoreUnavailable) as raised, unavailable_on_error():
        raise ServerSelectionTimeoutError(message)
    assert str(raised.value) == "ServerSelectionTimeoutError: 127.0.0.1:1: connection refused"
