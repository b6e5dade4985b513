"""Tables in files: the one reader of every CSV and workbook that the user gives."""
