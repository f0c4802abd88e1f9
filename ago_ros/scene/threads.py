"""Keeps small tensor operations in the calling thread."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def single_thread() -> Iterator[None]:
    """Runs torch's CPU operations in one thread for a while.

    On a machine whose cores are busy, the threads of a short parallel operation wait longer for each other than the
    operation takes: on two cores beside other work, a query took 1000 ms in two threads where it takes 50 in one.
    The setting is that of the calling thread; a thread that first computes meanwhile begins with one thread as well.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
