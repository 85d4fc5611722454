"""SavedModels that others have made, tried as a server runs them and published as versions."""

__all__: list[str] = []
