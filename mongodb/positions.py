"""The order in which a slot's samples are read: a position per sample, and how far a reader may go.

A position is an ObjectId's 24 hex digits: its time first, then a value of its process, then a counter,
so that the order of the strings is the order of writing. It is a string because NX-27017 compares
ObjectIds by range in `_id` only. It is not `_id` itself because that stays the same when a batch is
written again, while the repeat needs a place behind whatever readers have passed in the meantime.
"""

from datetime import datetime, timedelta

from bson import ObjectId

START = "0" * 24
"""The position before every sample."""

WRITE_SECONDS = 2.0
"""How long one attempt to write samples may take, from the positions' making to the server's yes."""

SETTLE_SECONDS = 3.0
"""How old a position must be before a reader may pass it."""
# Several replicas of a slot write at the same time, each in batches of its own. Within one second
# positions are not in the order of writing (process and counter decide), and a batch becomes visible up
# to WRITE_SECONDS after its positions were made. A reader that went up to the newest sample would pass
# samples that are still on their way, and never see them. The rest is for clocks that differ: keep the
# hosts of a slot within one second.


def new_position() -> str:
    """Make the position of a sample that is written now."""
    return str(ObjectId())


def settled_before(now: datetime) -> str:
    """Return the position (exclusive) up to which a reader may go at the aware time `now`."""
    return first_position_of(now - timedelta(seconds=SETTLE_SECONDS))


def first_position_of(second: datetime) -> str:
    """Return the position before all that are made from the aware time's second on."""
    return str(ObjectId.from_datetime(second))


def written_at(position: str) -> datetime:
    """Return the aware time, in whole seconds, at which the position was made."""
    return ObjectId(position).generation_time
