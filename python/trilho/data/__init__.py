"""The data sets that models are trained with: fetched once, verified, read."""

__all__: list[str] = []
