"""Options that several commands have."""

from typing import Annotated

import typer

Who = Annotated[str, typer.Option(envvar="RELEASE_WHO", help="Who decides so; it stands in the history.")]
Why = Annotated[str, typer.Option(help="Why; it stands in the history.")]
Json = Annotated[bool, typer.Option("--json", help="Print the program's own answer, with all numbers.")]
