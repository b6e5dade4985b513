"""What a run holds, how it is named in two languages and how it is stored."""
