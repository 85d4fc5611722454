"""What trains a model, whichever it is."""

__all__: list[str] = []
