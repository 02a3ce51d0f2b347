"""All that knows the database: documents, positions, indexes, errors and the store the programs use."""
