"""What a stranger calls a file: a name to show, and nothing else."""

import unicodedata

MAX_CHARACTERS = 255
UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # controls, text direction, halves of characters, line separators


def clean(name: str) -> str:
    """Return the name without what is not to be seen, and not longer than a file system has it."""
    shown = (one for one in name[: 4 * MAX_CHARACTERS] if unicodedata.category(one) not in UNSEEN)
    return "".join(shown).strip()[:MAX_CHARACTERS]
