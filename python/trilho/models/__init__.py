"""The models that can be trained, a package each."""

__all__: list[str] = []
