"""What is asked of a finished account without changing it."""
