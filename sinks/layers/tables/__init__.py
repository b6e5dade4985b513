"""Statistical tables: CSV files and workbooks."""
