"use strict";

const find = (id) => document.getElementById(id);
const SHOWN = 8, AT_ONCE = 4;
let model = null, token = sessionStorage.getItem("token") || "";

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

async function ask(path, options = {}) {
  const headers = { ...(options.headers || {}) };
  if (token) headers.Authorization = "Bearer " + token;
  const answer = await fetch(path, { ...options, headers });
  if (answer.status === 401) throw Object.assign(new Error("the token is not right"), { needsToken: true });
  const found = await answer.json().catch(() => ({ error: "the server answered " + answer.status }));
  if (!answer.ok) throw new Error(found.error || "the server answered " + answer.status);
  return found;
}

async function begin() {
  try {
    model = await ask("/about");
  } catch (error) {
    if (error.needsToken) {
      find("about").textContent = "";
      find("token-form").hidden = false;
      find("token-problem").textContent = token ? error.message : "";
      find("token").focus();
    } else {
      find("about").textContent = "The server does not answer: " + error.message;
    }
    return;
  }
  find("token-form").hidden = true;
  sessionStorage.setItem("token", token);
  document.title = model.name;
  find("name").textContent = model.name;
  find("about").textContent = describe(model);
  if (model.fields.length) showFields(); else if (model.is_binary) showFiles(); else showTexts();
}

function describe(model) {
  if (model.outputs.includes("transcript")) return "A sound gives what is said in it, which the model may mishear.";
  const gives = model.outputs.includes("mask_bytes") ? "a mask of " : model.outputs.includes("boxes") ? "boxes of " : "";
  if (model.fields.length) return `${model.fields.map(({ column, name }) => column || name.replace(/_bytes$/, "").replace("_", " ")).join(", ")} give ${model.classes.slice(0, 12).join(", ")}`;
  const article = /^[aeiou]/.test(model.noun) && model.inputs.length === 1 ? "An" : "A";
  return `${article} ${model.inputs.length > 1 ? "pair of " + model.noun + "s" : model.noun} gives ${gives}` +
    model.classes.slice(0, 12).join(", ") + (model.classes.length > 12 ? " and more" : "");
}

/* Files */

function showFiles() {
  const isSound = model.noun === "sound", picker = find("picker"), drop = find("drop");
  find("files").hidden = false;
  find("drop-words").textContent = `Drop ${model.noun}s here`;
  picker.accept = isSound ? "audio/*,.wav,.flac,.ogg,.mp3" : "image/*,.dcm";
  picker.onchange = () => { answerFiles(picker.files); picker.value = ""; };
  drop.onkeydown = (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); picker.click(); } };
  for (const name of ["dragenter", "dragover"]) {
    document.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
  }
  document.addEventListener("dragleave", () => drop.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    answerFiles(event.dataTransfer.files);
  });
  document.addEventListener("paste", (event) => { if (event.clipboardData.files.length) answerFiles(event.clipboardData.files); });
  if (isSound && navigator.mediaDevices && window.MediaRecorder) showRecorder();
}

async function answerFiles(files) {
  const waiting = Array.from(files, (file) => [file, addCard(() => showFile(file))]);
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await answerFile(...next);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

async function answerFile(file, card) {
  if (file.size * 4 / 3 > model.max_bytes - 100) {
    showProblem(card, `has more bytes than this server takes (${model.max_bytes} in base64)`);
    return;
  }
  await answer(card, async () => ({ b64: await encode(file) }));
}

function encode(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(new Error("cannot be read"));
    reader.readAsDataURL(file);
  });
}

function showFile(file, shown = make("div", "shown")) {
  const address = URL.createObjectURL(file);
  if (model.noun === "sound") {
    const player = make("audio");
    player.controls = true;
    player.src = address;
    shown.append(player);
  } else {
    const picture = make("div", "picture"), image = make("img");
    image.alt = file.name;
    image.onerror = () => image.remove();
    image.src = address;
    picture.append(image);
    shown.append(picture);
  }
  shown.append(make("p", "file", file.name));
  return shown;
}

/* Recording: what the browser records is turned into WAV, which every server reads. */

function showRecorder() {
  const button = find("record");
  let recorder = null;
  button.hidden = false;
  button.onclick = async () => {
    if (recorder) { recorder.stop(); return; }
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    } catch (error) {
      showProblem(addCard(() => make("div", "shown")), "the microphone cannot be used: " + error.message);
      return;
    }
    const parts = [];
    recorder = new MediaRecorder(stream);
    recorder.ondataavailable = (event) => parts.push(event.data);
    recorder.onstop = async () => {
      stream.getTracks().forEach((track) => track.stop());
      recorder = null;
      button.textContent = "Record";
      button.classList.remove("on");
      answerFiles([await toWav(new Blob(parts))]);
    };
    recorder.start();
    button.textContent = "Stop";
    button.classList.add("on");
  };
}

async function toWav(blob) {
  const context = new AudioContext();
  const sound = await context.decodeAudioData(await blob.arrayBuffer());
  context.close();
  const samples = sound.getChannelData(0), view = new DataView(new ArrayBuffer(44 + 2 * samples.length));
  const word = (at, text) => Array.from(text).forEach((letter, place) => view.setUint8(at + place, letter.charCodeAt(0)));
  word(0, "RIFF"); view.setUint32(4, 36 + 2 * samples.length, true); word(8, "WAVEfmt ");
  view.setUint32(16, 16, true); view.setUint16(20, 1, true); view.setUint16(22, 1, true);
  view.setUint32(24, sound.sampleRate, true); view.setUint32(28, 2 * sound.sampleRate, true);
  view.setUint16(32, 2, true); view.setUint16(34, 16, true); word(36, "data"); view.setUint32(40, 2 * samples.length, true);
  samples.forEach((value, place) => view.setInt16(44 + 2 * place, Math.max(-1, Math.min(1, value)) * 32767, true));
  return new File([view.buffer], "recording.wav", { type: "audio/wav" });
}

/* Texts */

function showTexts() {
  const form = find("texts"), fields = find("fields");
  fields.replaceChildren(...model.inputs.flatMap((name, place) => {
    const label = make("label", "", model.inputs.length > 1 ? `Text ${place + 1}` : "Text"), field = make("textarea");
    field.id = label.htmlFor = "field-" + name;
    return [label, field];
  }));
  form.hidden = false;
  form.onsubmit = (event) => {
    event.preventDefault();
    const texts = model.inputs.map((name) => find("field-" + name).value);
    const card = addCard(() => {
      const shown = make("div", "shown");
      shown.append(...texts.map((text) => make("p", "text", text)));
      return shown;
    });
    answer(card, async () => Object.fromEntries(model.inputs.map((name, place) => [name, texts[place]])));
  };
}

/* Several inputs: a field for each, which are answered together. */

function showFields() {
  const form = find("texts"), asked = model.fields.map(makeField);
  find("fields").replaceChildren(...asked.flatMap(({ label, input, list }) => list ? [label, input, list] : [label, input]));
  form.hidden = false;
  form.onsubmit = (event) => {
    event.preventDefault();
    const card = addCard(() => showExample(asked)), values = asked.map(({ input }) => input.files ? input.files[0] : input.value);
    answer(card, () => readFields(values));
  };
}

function makeField(field, place) {
  const name = field.column || field.name.replace(/_bytes$/, "").replace("_", " ");
  const label = make("label", "", name), input = make(field.kind === "text" ? "textarea" : "input", "field");
  input.id = label.htmlFor = "field-" + place;
  if (field.kind === "file") { input.type = "file"; input.accept = "image/*,.dcm"; }
  if (field.kind === "number") { input.type = "number"; input.step = "any"; }
  if (field.kind !== "word") return { label, input, name };
  const list = make("datalist");
  list.id = "choices-" + place;
  list.append(...field.choices.slice(0, 1000).map((choice) => { const option = make("option"); option.value = choice; return option; }));
  input.setAttribute("list", list.id);
  return { label, input, list, name };
}

function showExample(asked) {
  const shown = make("div", "shown");
  for (const { input, name } of asked) {
    if (input.files && input.files.length) showFile(input.files[0], shown);
    else shown.append(make("p", "text", `${name}: ${input.files ? "none" : input.value || "missing"}`));
  }
  return shown;
}

async function readFields(values) {
  const instance = {};
  for (const [place, { name, kind }] of model.fields.entries()) {
    const value = values[place], cell = value === "" ? null : kind === "number" ? Number(value) : value;
    if (kind === "file" && !value) throw new Error(`choose a file for ${name.replace(/_bytes$/, "")}`);
    if (kind === "number" || kind === "word") instance[name] = [...(instance[name] || []), cell];
    else instance[name] = kind === "file" ? { b64: await encode(value) } : value;
  }
  return instance;
}

/* Answers */

function addCard(show) {
  const card = make("li");
  card.append(show(), make("div", "said", "…"));
  find("answers").prepend(card);
  return card;
}

function showProblem(card, text) {
  card.querySelector(".said").replaceChildren(make("p", "problem", text));
}

async function answer(card, read) {
  try {
    const body = JSON.stringify({ instances: [await read()] });
    const path = `/v1/models/${encodeURIComponent(model.name)}:predict`;
    const found = await ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body });
    const first = found.predictions[0];
    showAnswer(card, model.outputs.length > 1 ? first : { [model.outputs[0]]: first });
  } catch (error) {
    showProblem(card, error.message.replace("instances[0]: ", ""));
    if (error.needsToken) begin();
  }
}

function showAnswer(card, found) {
  const said = card.querySelector(".said");
  said.replaceChildren();
  if ("label" in found) said.append(make("p", "label", found.label));
  if ("transcript" in found) said.append(make("p", "label", found.transcript || "(nothing)"));
  if ("labels" in found) said.append(make("p", "label", found.labels.join(", ") || "none of the classes"));
  if ("value" in found) showValues(said, [found.value]);
  if ("values" in found) showValues(said, found.values);
  if ("probabilities" in found) showBars(said, found.probabilities, found.labels || [found.label], false);
  if ("mask_bytes" in found) showMask(card, found.mask_bytes.b64);
  if ("boxes" in found) showBoxes(card, found.boxes);
  if ("shares" in found) showBars(said, found.shares, [], true);
  if ("distance" in found) {
    const words = found.unknown ? "Unlike anything the model was trained on" : "Like what the model was trained on";
    said.append(make("p", found.unknown ? "badge problem" : "badge", `${words} (distance ${found.distance.toFixed(3)})`));
  }
}

function showValues(said, values) {
  values.forEach((number, place) => {
    const name = values.length > 1 ? model.classes[place] + ": " : "";
    said.append(make("p", "label", name + Number(number.toPrecision(6))));
  });
}

function showBars(said, numbers, chosen, hasColours) {
  const order = numbers.map((number, place) => [number, place]).sort((one, other) => other[0] - one[0]);
  for (const [number, place] of order.slice(0, SHOWN)) {
    const name = model.classes[place], row = make("div", chosen.includes(name) ? "class chosen" : "class");
    const named = make("span", "named", name), track = make("span", "track"), bar = make("i");
    named.title = name;
    bar.style.width = `${100 * number}%`;
    if (hasColours) {
      const swatch = make("span", "swatch");
      swatch.style.background = bar.style.background = `rgb(${colour(place)})`;
      named.prepend(swatch);
    }
    track.append(bar);
    row.append(named, track, make("span", "number", `${(100 * number).toFixed(1)} %`));
    said.append(row);
  }
  if (order.length > SHOWN) said.append(make("p", "file", `and ${order.length - SHOWN} more classes`));
}

/* The colours of PASCAL VOC, as in the mask itself. */
function colour(number) {
  const found = [0, 0, 0];
  for (let place = 0; place < 8; place += 1) {
    for (let channel = 0; channel < 3; channel += 1) found[channel] |= ((number >> (3 * place + channel)) & 1) << (7 - place);
  }
  return found.join(" ");
}

async function showMask(card, content) {
  const mask = new Image(), canvas = make("canvas"), picture = card.querySelector(".picture");
  mask.src = "data:image/png;base64," + content;
  await mask.decode();
  canvas.width = mask.naturalWidth;
  canvas.height = mask.naturalHeight;
  const context = canvas.getContext("2d");
  context.drawImage(mask, 0, 0);
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height);
  for (let at = 0; at < pixels.data.length; at += 4) {
    if (!(pixels.data[at] || pixels.data[at + 1] || pixels.data[at + 2])) pixels.data[at + 3] = 0;
  }
  context.putImageData(pixels, 0, 0);
  picture.append(canvas);
  addSwitch(card, "mask");
}

/* A button that hides what is laid over a picture, and shows it again. */
function addSwitch(card, what) {
  const button = make("button", "", `Hide the ${what}`), picture = card.querySelector(".picture");
  button.type = "button";
  button.onclick = () => { button.textContent = picture.classList.toggle("bare") ? `Show the ${what}` : `Hide the ${what}`; };
  card.querySelector(".shown").append(button);
}

/* Boxes come in pixels of the picture as it is shown. */
function showBoxes(card, boxes) {
  const said = card.querySelector(".said"), counts = new Map();
  for (const { label } of boxes) counts.set(label, (counts.get(label) || 0) + 1);
  if (!boxes.length) said.append(make("p", "label", "nothing found"));
  for (const [label, count] of [...counts].sort((one, other) => other[1] - one[1])) {
    const row = make("p", "label", ` ${count} ${label}`), swatch = make("span", "swatch");
    swatch.style.background = `rgb(${boxColour(label)})`;
    row.prepend(swatch);
    said.append(row);
  }
  const image = card.querySelector(".picture img");
  if (image && boxes.length) image.decode().then(() => drawBoxes(card, image, boxes)).catch(() => {});
}

/* The first colour of masks is black, that of the background. */
function boxColour(label) { return colour(model.classes.indexOf(label) + 1); }

function drawBoxes(card, image, boxes) {
  const element = (tag, values) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(values)) made.setAttribute(name, value);
    return made;
  };
  const drawing = element("svg", { viewBox: `0 0 ${image.naturalWidth} ${image.naturalHeight}` });
  for (const { label, score, box } of [...boxes].reverse()) {
    const [left, top, right, bottom] = box;
    const place = { x: left, y: top, width: right - left, height: bottom - top, stroke: `rgb(${boxColour(label)})` };
    const drawn = element("rect", place), title = element("title", {});
    title.textContent = `${label} ${score.toFixed(2)}`;
    drawn.append(title);
    drawing.append(drawn);
  }
  card.querySelector(".picture").append(drawing);
  addSwitch(card, "boxes");
}

find("token-form").onsubmit = (event) => {
  event.preventDefault();
  token = find("token").value.trim();
  begin();
};
begin();
