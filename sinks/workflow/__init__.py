"""From a project file to a finished run, in the order of the path."""
