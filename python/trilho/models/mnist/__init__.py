"""Handwritten digits: a small network that tells them apart."""

__all__: list[str] = []
