"""The error of this room."""

from sinks.errors import SinksError


class AssessmentError(SinksError):
    """Inputs of the assessment are missing or contradict each other, or a comparison is not allowed."""
