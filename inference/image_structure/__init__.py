"""What an image file says that it holds: counts of its parts and sizes, read without decoding anything."""
