"""Two models of rows of numbers, to serve as they are or to copy and change: a regressor and a classifier."""

NAMES = ("regressor", "loans")
