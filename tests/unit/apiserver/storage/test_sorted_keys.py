"""Keys stay in order whatever happens to them."""

from hypothesis import given
from hypothesis import strategies as st

from apiserver.storage.sorted_keys import SortedKeys

names = st.integers(0, 200).map(lambda number: f"/p/{number}")


@given(st.lists(st.tuples(names, st.booleans()), max_size=300))
def test_ranges_are_those_of_a_sorted_set(steps: list[tuple[str, bool]]) -> None:
    keys, model = SortedKeys(["/o", "/q"]), {"/o", "/q"}
    for name, look in steps:
        if name in model:
            keys.remove(name)
            model.remove(name)
        else:
            keys.add(name)
            model.add(name)
        if look:
            assert list(keys.below("/p/1")) == sorted(k for k in model if k.startswith("/p/1"))
    assert list(keys.below("/p/", "/p/5")) == sorted(k for k in model if "/p/5" <= k < "/p0")
    assert list(keys.below("")) == sorted(model)
