"""The tests, importable as `tests.…` so that they can share the rig and the builders."""
