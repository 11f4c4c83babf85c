from __future__ import annotations

from kerastune_ft.inspection.clusters import join_pairs, list_clusters, pair_equal


def test_copies_of_copies_are_joined() -> None:
    joined = join_pairs(7, [(5, 3), (3, 1), (6, 4)])
    assert joined.tolist() == [0, 1, 2, 1, 4, 1, 4]
    assert list_clusters(joined) == [[1, 3, 5], [4, 6]]
    assert list_clusters(join_pairs(3, [])) == []


def test_equal_values_are_paired_with_the_first() -> None:
    assert pair_equal("abcab") == [(0, 3), (1, 4)]
    assert pair_equal("aaa") == [(0, 1), (0, 2)]
