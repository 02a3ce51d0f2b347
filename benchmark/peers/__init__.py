"""The servers that ours is compared with: a folder each, with program, requirements and settings."""
