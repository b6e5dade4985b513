"""The project file, a file for each group of its sections."""
