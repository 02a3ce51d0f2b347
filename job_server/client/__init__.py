"""Jobs from the command line."""
