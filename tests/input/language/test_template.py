from __future__ import annotations

import numpy as np
import pytest

from kerastune_ft.config.facts.chat_templates import TEMPLATES
from kerastune_ft.config.options.language.templates import ChatTemplate
from kerastune_ft.data.dialogues.turns import Turn
from kerastune_ft.errors import ConfigError
from kerastune_ft.input.language.control_tokens import ControlTokens
from kerastune_ft.input.language.template import END, START, Segment, Template, choose_template
from tests.support.chat_tokenizers import make_bytes, make_chat_pairs, make_chat_pieces, make_input

TURNS = (
    Turn("system", "Be short."),
    Turn("user", "Hi."),
    Turn("assistant", "Hello."),
    Turn("user", "Bye."),
    Turn("assistant", "Bye, bye."),
)


def make_template(name: str) -> Template:
    facts = TEMPLATES[name]
    texts = ChatTemplate.model_validate(dict(facts.texts))
    stop = {"chatml": "<|im_end|>", "gemma": "<end_of_turn>", "llama3": "<|eot_id|>"}.get(name, "")
    return Template(name, texts, facts.starts, stop)


def write(segments: list[Segment]) -> str:
    """Return segments as one text in which learnt ones stand in braces."""
    names = {START: "(start)", END: "(end)"}
    texts = [(names.get(each.text, each.text), each.is_learnt) for each in segments]
    return "".join(f"{{{text}}}" if is_learnt else text for text, is_learnt in texts)


EXPECTED = {
    "chatml": "<|im_start|>system\nBe short.<|im_end|>\n<|im_start|>user\nHi.<|im_end|>\n"
    "<|im_start|>assistant\n{Hello.}{<|im_end|>}\n<|im_start|>user\nBye.<|im_end|>\n"
    "<|im_start|>assistant\n{Bye, bye.}{<|im_end|>}",
    # What a model of Gemma was trained on has no turn of the system.
    "gemma": "(start)<start_of_turn>user\nBe short.\n\nHi.<end_of_turn>\n"
    "<start_of_turn>model\n{Hello.}{<end_of_turn>}\n<start_of_turn>user\nBye.<end_of_turn>\n"
    "<start_of_turn>model\n{Bye, bye.}{<end_of_turn>}",
    "llama3": "(start)<|start_header_id|>system<|end_header_id|>\n\nBe short.<|eot_id|>"
    "<|start_header_id|>user<|end_header_id|>\n\nHi.<|eot_id|>"
    "<|start_header_id|>assistant<|end_header_id|>\n\n{Hello.}{<|eot_id|>}"
    "<|start_header_id|>user<|end_header_id|>\n\nBye.<|eot_id|>"
    "<|start_header_id|>assistant<|end_header_id|>\n\n{Bye, bye.}{<|eot_id|>}",
    "plain": "(start)Be short.\nUser: Hi.\nAssistant:{ Hello.}{(end)}\nUser: Bye.\nAssistant:{ Bye, bye.}{(end)}",
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_dialogue_is_rendered_and_its_answers_are_learnt(name: str) -> None:
    template = make_template(name)
    assert write(template.render(TURNS)) == EXPECTED[name]
    everything = template.render(TURNS, learns_all=True)
    assert all(segment.is_learnt for segment in everything)
    assert write(everything).translate(str.maketrans("", "", "{}")) == EXPECTED[name].translate(
        str.maketrans("", "", "{}")
    )


@pytest.mark.parametrize("name", EXPECTED)
def test_a_question_is_rendered_as_in_training(name: str) -> None:
    """What stands before the answer is the same, so that a model is asked as it was taught."""
    template = make_template(name)
    taught = "".join(segment.text for segment in template.render(TURNS))
    asked = "".join(segment.text for segment in template.ask(TURNS[:-1]))
    assert taught.startswith(asked)
    rest = taught[len(asked) :]
    assert rest.lstrip(" ").startswith("Bye, bye.")


def test_instructions_stand_in_the_first_question_alone() -> None:
    template = make_template("gemma")
    alone = write(template.ask([Turn("system", "Be short.")]))
    assert alone == "(start)<start_of_turn>user\nBe short.<end_of_turn>\n<start_of_turn>model\n"
    told = write(template.render([Turn("system", "Greet."), Turn("assistant", "Hi.")]))
    assert told == "(start)<start_of_turn>user\nGreet.<end_of_turn>\n<start_of_turn>model\n{Hi.}{<end_of_turn>}"


def test_texts_of_ones_own() -> None:
    texts = ChatTemplate(system=None, user="Q: ", assistant="A: ", end="\n\n", generation="A (short): ")
    template = Template("own", texts, False, "")
    assert write(template.render(TURNS[:3])) == "Q: Be short.\n\nHi.\n\nA:{ Hello.}{(end)}"
    assert write(template.ask(TURNS[:2])) == "Q: Be short.\n\nHi.\n\nA (short):"
    assert Template.from_json(template.to_json()) == template


def test_plain_texts_have_no_template() -> None:
    template = make_template("chatml")
    assert template.render([Turn("text", "Once.")]) == [Segment("Once.", True, False), Segment(END, True, True)]
    # The text goes on in another example, so that nothing ends here.
    assert template.render([Turn("part", "Once.")]) == [Segment("Once.", True, False)]


def test_a_template_is_chosen_by_the_tokens_there_are() -> None:
    pairs, pieces, letters = (make_input(make()) for make in (make_chat_pairs, make_chat_pieces, make_bytes))
    for given, name in ((pairs, "chatml"), (pieces, "gemma"), (letters, "plain")):
        chosen = choose_template("auto", given, ControlTokens(given.tokenizer))
        assert chosen.name == name
        assert choose_template(name, given, ControlTokens(given.tokenizer)) == chosen
    with pytest.raises(ConfigError, match=r'llama3 is made of tokens as <\|start_header_id\|>.*write "plain"'):
        choose_template("llama3", pairs, ControlTokens(pairs.tokenizer))
    with pytest.raises(ConfigError, match=r"gemma is made of tokens as <start_of_turn>"):
        choose_template("gemma", letters, ControlTokens(letters.tokenizer))
    own = ChatTemplate(user="<|im_start|>me\n", assistant="<|im_start|>you\n", end="<|im_end|>")
    chosen = choose_template(own, pairs, ControlTokens(pairs.tokenizer))
    assert (chosen.name, chosen.stop, chosen.starts) == ("own", "<|im_end|>", False)


@pytest.mark.parametrize("make", [make_chat_pairs, make_chat_pieces])
def test_segments_by_themselves_are_the_tokens_of_the_whole_text(make: object) -> None:
    assert callable(make)
    given = make_input(make())
    tokens = ControlTokens(given.tokenizer)
    template = choose_template("auto", given, tokens)
    segments = [each for each in template.render(TURNS) if each.text not in (START, END)]
    parts = [
        tokens.encode_template(each.text) if each.is_of_template else tokens.encode_texts([each.text])[0]
        for each in segments
    ]
    whole = tokens.encode_template("".join(each.text for each in segments))
    assert np.array_equal(np.concatenate(parts), whole)
