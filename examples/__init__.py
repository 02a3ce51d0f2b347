"""Models to serve as they are or to copy: fruit (images) and tabular (rows of numbers)."""
