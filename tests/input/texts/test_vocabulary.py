from __future__ import annotations

import hashlib

from kerastune_ft.input.texts.vocabulary import hash_vocabulary


def test_the_vocabulary_is_the_assets_in_the_order_of_their_names() -> None:
    files = {"assets/b.txt": b"two", "config.json": b"{}", "assets/a.txt": b"one"}
    assert hash_vocabulary(files) == hashlib.sha256(b"assets/a.txtoneassets/b.txttwo").hexdigest()
    assert hash_vocabulary(files | {"config.json": b"other"}) == hash_vocabulary(files)
