"""The start of a model of one's own: contract, trainer, test and client."""

__all__: list[str] = []
