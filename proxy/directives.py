"""nginx's configuration language, as far as it takes to find a directive and to change a word of it in place.

Our own, because crossplane, the usual parser, does not keep a file's spaces and comments.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

TOKEN = re.compile(
    r"""
    (?P<comment> \#[^\n]* )
  | (?P<mark> [;{}] )
  | (?P<word> "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' | (?:\\.|\$\{|[^\s;{\\])+ )
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Word:
    """A directive's name or argument, with its quotes, and where it stands in the text."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Directive:
    """A name with its arguments; `end` is behind its `;`, or behind the `{` that opens its block."""

    words: tuple[Word, ...]
    end: int
    opens_block: bool
    block: "Directive | None"  # the one around it

    @property
    def texts(self) -> tuple[str, ...]:
        """Return the words as they are written."""
        return tuple(word.text for word in self.words)

    @property
    def start(self) -> int:
        """Return where the name begins."""
        return self.words[0].start


@dataclass(frozen=True)
class Edit:
    """New text for what stands between two positions."""

    start: int
    end: int
    text: str


def directives(text: str) -> Iterator[Directive]:
    """Yield every directive, from the top of the file; what is not ended properly is left out."""
    words: list[Word] = []
    block: Directive | None = None
    for token in TOKEN.finditer(text):
        if token["word"]:
            words.append(Word(token["word"], token.start(), token.end()))
        elif token["mark"] == "}":
            block = block.block if block else None
            words = []
        elif token["mark"] and words:
            found = Directive(tuple(words), token.end(), token["mark"] == "{", block)
            block = found if found.opens_block else block
            words = []
            yield found


def edited(text: str, edits: Iterable[Edit]) -> str:
    """Return the text with these edits, which must not overlap."""
    for edit in sorted(edits, key=lambda one: one.start, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def without(text: str, word: Word) -> Edit:
    """Return the edit that takes a word out, with the spaces before it."""
    return Edit(len(text[: word.start].rstrip(" \t")), word.end, "")


def without_directive(text: str, directive: Directive) -> Edit:
    """Return the edit that takes a directive without a block out, with its line if nothing else is on it."""
    before = text[: directive.start].rstrip(" \t")
    rest = re.match(r"[ \t]*(?=\r?\n|$)", text[directive.end :])
    if not before.endswith("\n") or rest is None:
        return Edit(directive.start, directive.end, "")
    return Edit(len(before.removesuffix("\n").removesuffix("\r")), directive.end + rest.end(), "")


def line_of(text: str, position: int) -> int:
    """Return the line of a position; the first is 1."""
    return text.count("\n", 0, position) + 1
