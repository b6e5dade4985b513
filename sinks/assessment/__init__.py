"""From sink to decision: what the account means for a league under carbon dual control (碳排放双控).

``rules`` and ``section`` say what counts, ``inputs`` reads and checks the tables, ``dual_control`` sets the counted
sink against emissions, ``budget`` plans, ``ledger`` keeps credits from counting twice, ``targets`` follows the other
published indicators.  ``valuation``, ``inventory``, ``decomposition``, ``restoration`` and ``potential`` each answer
one further question.  All are pure functions of tables and arrays; only ``inputs`` opens files.
"""
