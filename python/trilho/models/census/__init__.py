"""Census: a Wide & Deep model that tells who earns more than 50000 dollars a year."""

__all__: list[str] = []
