"""A model package as a library: read it, load it, answer images or rows of numbers with it."""
