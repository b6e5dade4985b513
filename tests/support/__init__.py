"""What tests of several files share: examples, and how they are made."""
