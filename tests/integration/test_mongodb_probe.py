"""The probe of the database, over a real socket."""

from stack.plain.probes import mongodb_complaint
from tests.integration.conftest import MongodbServer


def test_a_database_that_answers_is_ready(mongodb_server: MongodbServer) -> None:
    """One that hangs is not, and the probe ends all the same."""
    assert mongodb_complaint("127.0.0.1", mongodb_server.port) is None
    mongodb_server.pause()
    try:
        complaint = mongodb_complaint("127.0.0.1", mongodb_server.port) or ""
        assert "no answer" in complaint
        assert "Topology" not in complaint  # the driver's view of all servers is a page long
    finally:
        mongodb_server.resume()
