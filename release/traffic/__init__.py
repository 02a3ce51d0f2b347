"""The traffic between releases: orders of people, whether they are done, and the commands for both."""
