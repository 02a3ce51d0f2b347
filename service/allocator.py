"""The C library's allocator, told to keep what it has got, or to give it back."""

import ctypes

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h
LARGEST_MMAP_THRESHOLD = 32 * 2**20
KEPT_BYTES = 64 * 2**20


def keep_freed_memory() -> bool:
    """Have glibc keep freed memory for the next batch; False where the C library is another one.

    Else each batch's tensors are fresh from the kernel, which zeroes every page of them.
    """
    libc = glibc()
    if libc is None:
        return False
    kept = libc.mallopt(M_MMAP_THRESHOLD, LARGEST_MMAP_THRESHOLD)
    return bool(kept and libc.mallopt(M_TRIM_THRESHOLD, KEPT_BYTES))


def give_back_freed_memory() -> None:
    """Have glibc give all freed memory back to the kernel, also what it was told to keep."""
    libc = glibc()
    if libc is not None:
        libc.malloc_trim(0)


def glibc() -> ctypes.CDLL | None:
    """Return the C library, or None where it is another one."""
    try:
        return ctypes.CDLL("libc.so.6")
    except OSError:
        return None
