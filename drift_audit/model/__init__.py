"""The nouns of the program. Nothing in here does I/O, and nothing in here imports the rest of it."""
