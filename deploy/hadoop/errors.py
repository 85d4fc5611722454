"""What goes wrong with a cluster, told so that its user can act."""

__all__ = ["ClusterError", "UsageError"]


class ClusterError(Exception):
    """A cluster cannot do as asked.

    The message names the daemon, folder, port or setting, and what to do about it. It may have
    several lines: a daemon's last ones follow the first.
    """


class UsageError(ClusterError):
    """No cluster could do as asked: a name, a number or a setting is wrong."""
