"""Drills: releases of candidates that are good, or bad on purpose, and what has to become of each."""
