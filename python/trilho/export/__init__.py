"""Publishing trained models as versions that the server loads."""

__all__: list[str] = []
