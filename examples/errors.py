"""The cause of a failed request, for people to read."""


def root_cause(error: BaseException) -> str:
    """Return in one line the first cause of an error: `Connection refused` without what it was wrapped in."""
    while cause := error.__cause__ or error.__context__:
        error = cause
    return " ".join(str(error).split()) or type(error).__name__
