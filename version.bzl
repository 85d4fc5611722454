"""The version of everything that is released from this tree."""

VERSION = "0.1.0"
