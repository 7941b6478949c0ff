"""Recordings: the views of an audit in one file, redacted and with digests, and the way back."""

from drift_audit.collect.recording.archive import Manifest
from drift_audit.collect.recording.recording import Recording, read_recording, recorded_views, write_recording

__all__ = ["Manifest", "Recording", "read_recording", "recorded_views", "write_recording"]
