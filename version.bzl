"""The version of everything that is released from this tree, and who releases it."""

VERSION = "0.1.0"

# A central repository of Maven wants to know these; docs/releasing.md says who has to have a right to them.
URL = "https://trilho.io"
SCM_URL = "https://trilho.io/trilho.git"
DEVELOPER = "The Trilho developers"
