"""The model server: one slot, one model package."""
