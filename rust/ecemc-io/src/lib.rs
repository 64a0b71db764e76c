//! Streaming readers: bytes to frames.
