"""How a saved form of a model is opened, in a few lines of Python."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_IMAGE = """
import json, keras
model = keras.models.load_model("model.keras")
image = keras.utils.img_to_array(keras.utils.load_img("photo.jpg"))
answer = model.predict(image[None])[0]
print(dict(zip(json.load(open("labels.json")), answer.tolist())))
"""
_MASK = """
import json, keras
model = keras.models.load_model("model.keras")
image = keras.utils.img_to_array(keras.utils.load_img("photo.jpg"))
classes = model.predict(image[None])[0].argmax(-1)  # at the model's size, in the order of labels.json
print(json.load(open("labels.json")), classes.shape)
"""
_BOXES = """
import json, keras
model, least = keras.models.load_model("model.keras"), json.load(open("thresholds.json"))  # by class, in order
image = keras.utils.img_to_array(keras.utils.load_img("photo.jpg"))
rows = model.predict(image[None])[0]  # xmin, ymin, xmax, ymax in pixels of the photo, class and score; -1 is no box
print([(name, *row) for row in rows for name in [[*least][int(row[4])]] if row[5] >= least[name]])
"""
_SOUND = """
import json, keras, soundfile
model = keras.models.load_model("model.keras")
samples, rate = soundfile.read("sound.wav", dtype="float32")  # one channel at {rate} Hz
answer = model.predict(samples[None])[0]
print(dict(zip(json.load(open("labels.json")), answer.tolist())))
"""
_TEXT = """
import json, keras, keras_hub, numpy as np
model, tokenizer = keras.models.load_model("model.keras"), keras_hub.tokenizers.Tokenizer.from_preset("tokenizer")
row = np.array([[*{start}, *np.array(tokenizer("a text")), *{end}][:{length}]], "int32")
answer = model.predict({{{inputs}}})[0]
print(dict(zip(json.load(open("labels.json")), answer.tolist())))
"""
_SEVERAL = """
import json, keras, keras_hub, numpy as np
model, given = keras.models.load_model("model.keras"), {{}}
{parts}
answer = model.predict(given)[0]
print(dict(zip(json.load(open("labels.json")), answer.tolist())))
"""
# Of several inputs, what makes each.
_PICTURE_PART = 'given["{name}"] = keras.utils.img_to_array(keras.utils.load_img("{name}.jpg"))[None]'
_TEXT_PART = """
tokens = np.array(keras_hub.tokenizers.Tokenizer.from_preset("tokenizer")("a text"))
row = np.array([[*{start}, *tokens[:{room}], *{end}]], "int32")
given |= {{{inputs}}}
"""
_COLUMNS_PART = 'given["{name}"] = np.array([[{values}]], "{kind}")  # {columns}: see inputs of preprocessing.json'
_WRITTEN = """
import keras, keras_hub
model = keras.models.load_model("model.keras")
model.compile(sampler="greedy")
print(model.generate(PROMPT, max_length={length}, strip_prompt=True))
"""
# Of tokens that are bytes, for which keras-hub has no preprocessor.
_WRITTEN_BYTES = """
import keras, keras_hub, numpy as np
model, tokenizer = keras.models.load_model("model.keras"), keras_hub.tokenizers.ByteTokenizer(lowercase=False)
model.compile(sampler="greedy")
asked, row = [*{start}, *np.array(tokenizer(PROMPT))], np.zeros((1, {length}), "int32")
row[0, :len(asked)] = asked
given = {{"token_ids": row, "padding_mask": np.arange(row.size)[None] < len(asked)}}
written = model.generate(given, stop_token_ids={end})["token_ids"][0, len(asked):]
print(tokenizer.detokenize([written[:[*np.flatnonzero(written == {end}[0]), len(written)][0]]])[0])
"""
_WRITTEN_BYTES_OF_PAIRS = """
import keras, keras_hub, numpy as np
model, tokenizer = keras.models.load_model("model.keras"), keras_hub.tokenizers.ByteTokenizer(lowercase=False)
model.compile(sampler="greedy")
read, begun = [*{start}, *np.array(tokenizer(PROMPT)), *{end}], {decoder_start}
row = np.zeros((1, {length}), "int32")
row[0, :len(begun)] = begun
given = {{"encoder_token_ids": np.array([read]), "encoder_padding_mask": np.ones((1, len(read)), bool),
         "decoder_token_ids": row, "decoder_padding_mask": np.arange(row.size)[None] < len(begun)}}
written = model.generate(given, stop_token_ids={decoder_end})["decoder_token_ids"][0, len(begun):]
print(tokenizer.detokenize([written[:[*np.flatnonzero(written == {decoder_end}[0]), len(written)][0]]])[0])
"""
_SPEECH = """
import json, keras, keras_hub, numpy as np
model, about = keras.models.load_model("model.keras"), json.load(open("preprocessing.json"))
tokenizer = keras_hub.tokenizers.TOKENIZER
whisper = next(layer for layer in model.layers if isinstance(layer, keras_hub.models.WhisperBackbone))
frames = keras.Model(model.input["sound"], model.get_layer("sound_frames").output)
encoder = keras.Model(whisper.input["encoder_features"], whisper.output["encoder_sequence_output"])

def transcribe(samples):  # float32 [samples], -1 to 1, about["sample_rate"] of them a second
    heard, row = encoder(frames(samples[None])), list(about["prompt"])
    while len(row) < about["sequence_length"] and row[-1] != about["end"]:
        states = whisper.decoder_embeddings(np.array([row]))
        for layer in whisper.decoder_transformer_layers:
            states = layer(states, heard)
        scores = np.array(whisper.token_embedding(whisper.decoder_layer_norm(states[:, -1:]), reverse=True)[0, 0])
        scores[about["unwritten"]] = -np.inf  # signs that nobody speaks, and control tokens
        scores[about["times"] or len(scores):] = -np.inf
        if len(row) == len(about["prompt"]):
            scores[about["never_first"]] = -np.inf
        row.append(int(scores.argmax()))
    return tokenizer.detokenize([[token for token in row[len(about["prompt"]):] if token != about["end"]]])[0].strip()

print(transcribe(np.zeros(about["sample_rate"], "float32")))  # the samples of a sound
"""
# Of a class that keras-hub has a model for that writes down sounds.
_SPEECH_BY_TASK = """
import json, keras, keras_hub, numpy as np
model, about = keras.models.load_model("model.keras"), json.load(open("preprocessing.json"))
tokenizer = keras_hub.tokenizers.TOKENIZER
body = next(layer for layer in model.layers if isinstance(layer, keras_hub.models.BACKBONE))
unwritten = np.zeros(body.vocabulary_size, "float32")
unwritten[about["unwritten"]] = unwritten[about["times"] or len(unwritten):] = 2  # control tokens

class Sampler(keras_hub.samplers.GreedySampler):
    def get_next_token(self, probabilities):
        return keras.ops.argmax(probabilities - unwritten, axis=-1)

writer = keras_hub.models.TASK(backbone=body, preprocessor=None)
writer.compile(sampler=Sampler())

def transcribe(samples):  # float32 [samples], -1 to 1, about["sample_rate"] of them a second
    sound, row = np.zeros((1, about["samples"], 1), "float32"), np.zeros((1, about["sequence_length"]), "int32")
    kept, prompt = samples[:about["samples"]], about["prompt"]
    sound[0, :len(kept), 0], row[0, :len(prompt)] = kept, prompt
    heard = np.arange(about["samples"]) <= np.flatnonzero(sound[0]).max(initial=-1)  # silence after it is not
    given = {"encoder_input_values": sound, "encoder_padding_mask": heard[None], "decoder_token_ids": row,
             "decoder_padding_mask": np.arange(row.size)[None] < len(prompt)}
    written = writer.generate(given, stop_token_ids=[about["end"]])["decoder_token_ids"][0][len(prompt):]
    end = [*np.flatnonzero(written == about["end"]), len(written)][0]
    return (tokenizer.detokenize([written[:end].tolist()]) or [""])[0].strip()

print(transcribe(np.zeros(about["sample_rate"], "float32")))  # the samples of a sound
"""
_HIDDEN = """
import json, keras, keras_hub, numpy as np
model, tokenizer = keras.models.load_model("model.keras"), keras_hub.tokenizers.TOKENIZER
row = np.array([[*{start}, *np.array(tokenizer("it was a")), {mask}, *np.array(tokenizer("film")), *{end}]], "int32")
scores = model.predict({{{inputs}}})[0, list(row[0]).index({mask})]  # one for each token of the vocabulary
print([tokenizer.id_to_token(int(token)) for token in np.argsort(-scores)[:5]])
"""
_EXPORT = """
from predict import load, predict, read  # predict.py is beside, and needs no kerastune_ft
model = load(".")
print(predict(model, [read(model, {item})]))
"""
_EXPORT_OF_TABLES = """
from predict import INPUTS, load, predict, read  # predict.py is beside, and needs no kerastune_ft
model = load(".")
print(predict(model, [read(model, each) for _, each in INPUTS.list_examples(model, "examples.csv")]))
"""
_VALUES = {"token_ids": "row", "padding_mask": "np.ones_like(row)", "segment_ids": "np.zeros_like(row)"}
_ITEMS = {"image": '"photo.jpg"', "text": '"a text"', "audio": '"sound.wav"'}
_BY_MODALITY = {"image": _IMAGE, "audio": _SOUND, "text": _TEXT}
_BY_LABELS = {"mask": _MASK, "boxes": _BOXES, "text": _WRITTEN}
"""For kinds of labels whose answers are no numbers by class."""
_BY_BOTH = {("speech", "text"): _SPEECH, ("masked", "text"): _HIDDEN}
"""For kinds of labels of one modality that are answered in another way than those of others."""
_OPEN_FILES, _OPEN_BYTES = 'Tokenizer.from_preset("tokenizer")', "ByteTokenizer(lowercase=False)"


def write_loading(modality: str, labels: str, inputs: Mapping[str, Any]) -> str:
    """Return the code that opens model.keras of a run; `inputs` is what preprocessing.json holds.

    `labels` is the kind of the labels, as `one` or `mask`.
    """
    if "inputs" in inputs:
        parts = "\n".join(_write_part(name, about) for name, about in inputs["inputs"].items())
        return _SEVERAL.format(parts=parts).strip()
    if (code := _BY_BOTH.get((modality, labels))) is not None:
        if task := inputs.get("generates_with"):
            code = _SPEECH_BY_TASK.replace("BACKBONE", inputs["backbone"]).replace("TASK", task)
        code = code.replace("TOKENIZER", _OPEN_FILES if inputs["tokenizer"]["folder"] else _OPEN_BYTES)
        if code.count("{mask}"):
            code = code.format(inputs=_list_tokens(inputs), **{key: inputs[key] for key in ("start", "end", "mask")})
        return code.strip()
    code = _BY_LABELS.get(labels) or _BY_MODALITY[modality]
    if code == _WRITTEN:
        return _write_writing(inputs)
    filled = code.format(
        rate=inputs.get("sample_rate"), start=inputs.get("start"), end=inputs.get("end"),
        length=inputs.get("sequence_length"), inputs=_list_tokens(inputs),
    ) if code in (_SOUND, _TEXT) else code  # fmt: skip
    return filled.strip()


def _write_writing(inputs: Mapping[str, Any]) -> str:
    """Return the code that has a model go on with a text, or write one for another."""
    values = {**inputs, "length": inputs.get("target_length") or inputs.get("sequence_length", 200)}
    code = _WRITTEN
    if "tokenizer" in inputs and not inputs["tokenizer"]["folder"]:
        code = _WRITTEN_BYTES_OF_PAIRS if "decoder_start" in inputs else _WRITTEN_BYTES
    return code.format(**values).replace("PROMPT", _write_prompt(inputs)).strip()


def _write_prompt(inputs: Mapping[str, Any]) -> str:
    """Return a prompt as Python writes it: a question in the template of dialogues, where there is one."""
    texts = (inputs.get("template") or {}).get("texts")
    if not texts:
        return '"a text"'
    answer = texts["assistant"] if texts.get("generation") is None else texts["generation"]
    return json.dumps(f"{texts['user']}a question{texts['end']}{answer}".rstrip(" "), ensure_ascii=False)


def _list_tokens(about: Mapping[str, Any]) -> str:
    return ", ".join(f'"{name}": {_VALUES.get(name, "row")}' for name in about.get("names", ()))


def _write_part(name: str, about: Mapping[str, Any]) -> str:
    """Return the lines that make one of several inputs; `about` is what preprocessing.json says of it."""
    if "names" in about:
        room = about["sequence_length"] - len(about["start"]) - len(about["end"])
        tokens = _list_tokens(about)
        return _TEXT_PART.format(start=about["start"], end=about["end"], room=room, inputs=tokens).strip()
    if "columns" in about:
        kind = about["input"].split()[0]
        values = ", ".join(["1"] * len(about["columns"]))
        return _COLUMNS_PART.format(name=name, values=values, kind=kind, columns=", ".join(about["columns"]))
    return _PICTURE_PART.format(name=name)


def write_export_loading(modality: str, inputs: Mapping[str, Any]) -> str:
    """Return the code that uses an export; `inputs` is what preprocessing.json of its run holds."""
    return (_EXPORT_OF_TABLES if "inputs" in inputs else _EXPORT.format(item=_ITEMS[modality])).strip()
