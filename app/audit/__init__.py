"""What was done and read, by whom: written in the same transaction as the act."""
