"""The versions of models that the program knows: listed, shown, and put into the candidate's slot."""
