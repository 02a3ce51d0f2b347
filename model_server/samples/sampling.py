"""Which predictions are logged: decided by the request id alone, so that a repeat decides the same."""

import hashlib


def is_sampled(request_id: str, rate: float) -> bool:
    """Tell whether the share `rate` (0 to 1) of all request ids includes this one."""
    digest = hashlib.blake2b(request_id.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") < rate * 2**64
