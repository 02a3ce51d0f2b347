"""The drift detector: compares windows of a slot's samples with the slot's reference."""
