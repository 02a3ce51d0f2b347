"""Worker processes that decode and classify images."""
