"""Chunks: every item in one, none too large, and an item stays where it is when others come."""

from hypothesis import given
from hypothesis import strategies as st

from stages.settings.chunks import chunked

NAMES = [f"pair-{index:04d}" for index in range(3000)]


@given(st.sets(st.text("abc-_.09", min_size=1), max_size=50), st.integers(1, 60))
def test_every_item_is_in_one_chunk(names, items):
    listed = sorted(names)
    chunks = chunked(listed, items)
    assert sorted(name for chunk in chunks.values() for name in chunk) == listed
    assert all(chunk == sorted(chunk) for chunk in chunks.values()), "in their order"
    assert all(chunk and name.isdigit() for name, chunk in chunks.items())
    if len(names) <= items:
        assert len(chunks) <= 1


def test_chunks_are_about_as_large_as_asked():
    sizes = [len(chunk) for chunk in chunked(NAMES, 24).values()]
    assert len(sizes) == 128 and 12 <= sum(sizes) / len(sizes) <= 24
    assert max(sizes) <= 2 * 24


def test_items_stay_in_their_chunk_when_others_come_or_go():
    before, after = chunked(NAMES[:2000], 24), chunked([*NAMES[:1000], *NAMES[1100:2010]], 24)
    of = {name: chunk for chunk, names in before.items() for name in names}
    assert all(of.get(name, chunk) == chunk for chunk, names in after.items() for name in names)
