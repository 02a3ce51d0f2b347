"""What holds for every test: in CI a skipped one fails, what is left out is named. And the receivers."""

import os
from collections.abc import Iterator

import pytest

from tests.ports import free_port
from tests.receivers import MailServer, Webhook


def pytest_report_header() -> str:
    """Name the services that this run does without."""
    return f"left out of the stack: {os.environ.get('STACK_WITHOUT') or 'nothing'}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say why a run with skipped tests fails."""
    if os.environ.get("CI") and terminalreporter.stats.get("skipped"):
        terminalreporter.write_line("skipped tests count as failures in CI", red=True)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run in CI that skipped a test."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    """Return a mail server that listens."""
    server = MailServer(free_port())
    server.start()
    yield server
    server.stop()


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    """Return a webhook that listens."""
    webhook = Webhook()
    webhook.start()
    yield webhook
    webhook.stop()
