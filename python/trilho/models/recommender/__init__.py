"""Films: which a person will watch next, and how they will rate them."""

__all__: list[str] = []
