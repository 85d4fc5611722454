"""What a .proto says about its model: read, compared with a SavedModel, and with its past."""

__all__: list[str] = []
