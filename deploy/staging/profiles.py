"""The three kinds of trees, and what each of them carries."""

from __future__ import annotations

from dataclasses import dataclass

# What the commands of the wheel's extras need, but for `compare` (a measurement of ours) and
# `spark` (which comes with the cluster).
_EXTRAS = ("contract", "convert", "train")


@dataclass(frozen=True)
class Profile:
    """What a tree is for."""

    name: str
    # What --help and the README say of it.
    purpose: str
    # The wheel's extras; none of them means no Python at all.
    extras: tuple[str, ...]
    # Programs in bin/, besides python.
    commands: tuple[str, ...]

    @property
    def python(self) -> bool:
        """Whether Python and its packages are in it."""
        return bool(self.extras)

    @property
    def server(self) -> bool:
        """Whether the server is in it."""
        return "trilho_server" in self.commands

    @property
    def tensorflow(self) -> str:
        """The folder with TensorFlow's libraries, which Python and the server share."""
        return "lib/python3/dist-packages/tensorflow" if self.python else "lib/tensorflow"


PROFILES = {
    profile.name: profile
    for profile in (
        Profile(
            "full",
            "trains, converts, evaluates, publishes and serves, and shows it in TensorBoard",
            _EXTRAS,
            ("tensorboard", "trilho", "trilho_server"),
        ),
        Profile(
            "core",
            "trains, converts and publishes: for containers; no server, no pages of TensorBoard",
            _EXTRAS,
            ("trilho",),
        ),
        Profile("server", "serves", (), ("trilho_server",)),
    )
}
