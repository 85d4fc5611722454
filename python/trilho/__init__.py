"""Trains TensorFlow models, publishes them for Trilho's server, and calls them there."""

from trilho._version import __version__

__all__ = ["__version__"]
