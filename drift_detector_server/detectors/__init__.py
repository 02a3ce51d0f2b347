"""The detectors, one file each, behind the protocol of `detector.py`."""
