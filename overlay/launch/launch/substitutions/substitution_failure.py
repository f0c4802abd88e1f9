"""SubstitutionFailure: a substitution that cannot be performed."""


class SubstitutionFailure(RuntimeError):  # noqa: N818 (upstream's name)
    """A substitution cannot be performed."""
