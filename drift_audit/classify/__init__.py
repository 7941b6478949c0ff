"""Turns comparisons into findings: verdict, severity, confidence. Small pure functions over tables."""
