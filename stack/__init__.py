"""The stack as plain processes, where there is no Docker; and the commands behind the Makefile, both ways."""
