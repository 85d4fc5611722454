"""The three kinds of trees, and what each of them carries."""

from __future__ import annotations

from dataclasses import dataclass

# Not asked for by any package: some hosts have no time zones.
_TIME_ZONES = "tzdata"


@dataclass(frozen=True)
class Profile:
    """A purpose of a tree, and its contents."""

    name: str
    # Shown by --help and the README.
    purpose: str
    # Extras of our wheel, and packages besides. `compare` and `spark` are in no profile: one is a
    # measurement of ours, the other comes with the cluster.
    extras: tuple[str, ...]
    packages: tuple[str, ...]
    # Programs in bin/, besides python.
    commands: tuple[str, ...]

    @property
    def python(self) -> bool:
        """Whether Python and its packages are in it."""
        return bool(self.packages)

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
            ("contract", "convert", "train"),
            (_TIME_ZONES,),
            ("tensorboard", "trilho", "trilho_server"),
        ),
        # Packages that draw and measure (matplotlib, scipy, scikit-learn) are a fifth of full.
        Profile(
            "core",
            "trains, converts and publishes, in containers: no plots, no server, and "
            "TensorBoard's logs without its pages",
            ("contract", "convert"),
            # tensorboard, for the logs that a training writes.
            (_TIME_ZONES, "tensorflow-cpu", "tensorboard"),
            ("trilho",),
        ),
        Profile("server", "serves", (), (), ("trilho_server",)),
    )
}
