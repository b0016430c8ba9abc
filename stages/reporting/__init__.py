"""The report: its verdict, tables, figures and text."""
