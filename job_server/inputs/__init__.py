"""What a request hands in as a job's inputs, read as a stream: nothing of it is run, or written anywhere."""
