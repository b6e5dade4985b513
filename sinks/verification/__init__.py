"""A second path to the figures of a run, which shares no computing code with the first."""
