"""A shadow's answers beside production's: joined in pairs, and added up."""
