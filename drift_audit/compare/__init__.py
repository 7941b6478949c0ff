"""Compares what Git declares with what a management cluster holds, leaf by leaf. Judges nothing."""
