"""Renews the model: from collected records to a release, step by step."""
