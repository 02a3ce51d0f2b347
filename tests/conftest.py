"""What holds for every test: in CI, a skipped one is a failure, and what is left out is named."""

import os

import pytest


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
