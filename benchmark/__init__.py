"""`make bench`: our server, its peers and the bare loop, measured on one machine in one go."""
