from __future__ import annotations

from kerastune_ft.config.options.language.tasks import Generation
from kerastune_ft.data.dialogues.turns import Turn
from kerastune_ft.generation.pair_writer import PairWriter
from kerastune_ft.input.language.pair_rows import PairSettings
from tests.support.tiny_writer import build_backbone


def test_a_text_is_written_alone_as_beside_others_and_as_it_is_read_meanwhile() -> None:
    backbone = build_backbone("BartBackbone")
    writer = PairWriter(backbone.generator.body, PairSettings(backbone.input, (32, 24), ((32, 24),)))
    options = Generation(max_new_tokens=6, temperature=1.0)
    asked = [[Turn("user", "one")], [Turn("user", "and another text")], [Turn("user", "third")]]
    every = writer.answer(asked, options, 1)
    assert writer.answer(asked[1:2], options, 1)[0].text == every[1].text
    assert "".join(writer.stream(asked[1], options, 1)) == every[1].text
    assert writer.find_room(options) == 32
