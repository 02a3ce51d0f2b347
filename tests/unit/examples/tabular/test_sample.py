"""The table that is shipped to be handed in as a job."""

from examples.tabular.data import FOLDER
from examples.tabular.sample import COUNT, sample


def test_the_shipped_table_is_what_the_code_gives() -> None:
    """A row for each loan, with its label."""
    table = sample("loans")
    assert (FOLDER / "loans/sample.csv").read_text("utf-8") == table
    header, *rows = table.splitlines()
    assert header.endswith(",late_payments,label")
    assert len(rows) == COUNT
    assert {row.rpartition(",")[2] for row in rows} == {"repaid", "defaulted"}
