"""The sections of params.yaml as types: bounds, and the words that document each key. No values: params.yaml has them.

pydantic checks what a user writes against these types (`stages.settings.model`), `python -m stages.params` writes their
words into params.yaml, and the code that reads a section is checked by them.
"""
