"""A classifier of eight features: will a loan be repaid? The loans are made up."""
