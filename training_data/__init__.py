"""Labelled examples: what a record must be, where good ones are kept, and which data sets they make."""
