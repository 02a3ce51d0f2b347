"""The API, for the stack's internal network and the command line."""
