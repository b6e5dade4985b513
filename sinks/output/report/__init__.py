"""Reports of a run: a Word document for each league, and one page of HTML for readers without Word.

``facts`` looks figures up in the account, ``grammar`` makes sentences of them, ``chapters`` arranges both as blocks,
and ``word`` and ``html`` write the blocks; so the two say the same.
"""

from sinks.output.report.html import write_html
from sinks.output.report.page import figures_kept
from sinks.output.report.write import write_reports, write_template

__all__ = ["figures_kept", "write_html", "write_reports", "write_template"]
