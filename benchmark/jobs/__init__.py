"""What queued work costs, how fast it is, and what it takes from others: `make bench-jobs`."""
