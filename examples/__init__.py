"""Models to serve as they are or to copy: of images (fruit) and of rows of numbers (tabular)."""
