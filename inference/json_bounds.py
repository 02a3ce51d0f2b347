"""Bound what a JSON document can unfold to, before it is parsed.

`[],[],…` takes some forty times its own size as objects. Each value but the outermost stands behind a `,`,
`[`, `{` or `:`, and each `:` belongs to one `,` or `{`: so counting bytes bounds the values, whatever the
document holds and whether or not it is JSON. Those within strings count too: that makes the bound stricter. A
parser that is told the types does not do that: it checks a list's length when it has built the list.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class JsonBounds:
    """The most values that a document may hold, and the most of them that are arrays or objects."""

    values: int
    containers: int

    def hold(self, document: bytes) -> bool:
        """Tell whether the document is within the bounds."""
        containers = document.count(b"[") + document.count(b"{")
        return containers <= self.containers and containers + document.count(b",") < self.values
