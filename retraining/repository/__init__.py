"""Versions of data sets and models, in a repository of their own: git and DVC behind one adapter."""
