"""Change the model without a pause: `python -m model_server.reload` asks a running server for it."""
