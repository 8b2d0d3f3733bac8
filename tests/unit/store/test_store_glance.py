"""One look at the revisions for a whole request."""

from __future__ import annotations

from collections.abc import Callable

from podid.store import Store

OpenStore = Callable[[], Store]


def test_a_glance_sees_one_instant_and_the_next_one_sees_what_came_between(open_another: OpenStore) -> None:
    store = open_another()
    with store.write("iam"):
        pass
    with store.glance():
        before = store.revision("iam")
        _elsewhere(store)
        assert store.revision("iam") == before
    assert store.revision("iam") == before + 1
    with store.glance():
        assert store.revision("iam") == before + 1


def test_a_write_of_the_same_thread_ends_the_glance(open_another: OpenStore) -> None:
    store = open_another()
    with store.glance():
        before = store.revision("eks")
        with store.write("eks"):
            pass
        assert store.revision("eks") == before + 1


def test_a_glance_that_fails_is_over(open_another: OpenStore) -> None:
    store = open_another()
    try:
        with store.glance():
            before = store.revision()
            raise KeyError
    except KeyError:
        pass
    _elsewhere(store)
    assert store.revision() == before + 1


def _elsewhere(store: Store) -> None:
    """A change by another thread."""
    import threading

    def write() -> None:
        with store.write("iam"):
            pass

    thread = threading.Thread(target=write)
    thread.start()
    thread.join()
