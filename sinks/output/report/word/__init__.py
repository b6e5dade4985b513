"""Reports as Word documents: a template that a bureau edits, filled with blocks."""
