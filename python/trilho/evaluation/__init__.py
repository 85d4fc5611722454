"""How good a served model is: the test split, asked through the server."""

__all__: list[str] = []
