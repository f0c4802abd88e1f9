"""Namespaces: absolute, relative, joined."""

from __future__ import annotations


def is_root_namespace(ns: str) -> bool:
    """Tells whether the namespace is "/"."""
    return ns == "/"


def is_namespace_absolute(ns: str) -> bool:
    """Tells whether the namespace begins with "/"."""
    return ns.startswith("/")


def prefix_namespace(base_ns: str | None, ns: str | None) -> str | None:
    """Returns `ns` below `base_ns` if it is relative, else `ns`; either may be missing."""
    if ns is None or base_ns is None:
        joined = base_ns if ns is None else ns
    elif not base_ns or is_namespace_absolute(ns):
        joined = ns
    else:
        joined = f"{'' if is_root_namespace(base_ns) else base_ns}/{ns}"
    return joined if joined is None or is_root_namespace(joined) else joined.rstrip("/")


def make_namespace_absolute(ns: str | None) -> str | None:
    """Returns the namespace with "/" in front."""
    return ns if ns is None or is_namespace_absolute(ns) else f"/{ns}"
