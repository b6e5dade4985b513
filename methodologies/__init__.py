"""Methodologies: ``<id>.py`` (the equation) beside ``<id>.csv`` (its parameters); ``sources.csv`` for all.

Modules are found through the entry point ``sinks.methodologies`` and imported when first asked for.  A module
whose name starts with an underscore holds equations that several methodologies share.
"""
