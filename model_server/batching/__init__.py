"""Where requests wait for the model, and how those that wait go together."""
