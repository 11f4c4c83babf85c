"use strict";

const find = (id) => document.getElementById(id);
let model = null, token = sessionStorage.getItem("token") || "", turns = [], running = null;

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
  if (answer.ok) return answer;
  const found = await answer.json().catch(() => ({}));
  const words = (found.error && found.error.message) || "the server answered " + answer.status;
  throw Object.assign(new Error(words), { needsToken: answer.status === 401 });
}

async function begin() {
  try {
    model = await (await ask("/about")).json();
  } catch (error) {
    if (error.needsToken) {
      find("about").textContent = "";
      find("token-form").hidden = false;
      find("token-problem").textContent = token ? "the token is not right" : "";
      find("token").focus();
    } else {
      find("about").textContent = "The server does not answer: " + error.message;
    }
    return;
  }
  find("token-form").hidden = true;
  sessionStorage.setItem("token", token);
  document.title = find("name").textContent = model.name;
  find("about").textContent = `What it writes may be wrong. It takes ${model.limit} tokens of a conversation, its answer among them.`;
  find("temperature").defaultValue = model.options.temperature;
  find("length").defaultValue = Math.min(model.options.max_new_tokens, model.max_new_tokens);
  find("length").max = model.max_new_tokens;
  find("chat").hidden = false;
  find("question").focus();
}

/* One question and its answer, shown as it is written. */

function addTurn(role, text) {
  const turn = make("li", role), words = make("span", "", text);
  turn.append(words);
  find("turns").append(turn);
  turn.scrollIntoView({ block: "nearest" });
  return { turn, words };
}

function note(turn, text, isProblem) {
  turn.append(make("p", isProblem ? "note problem" : "note", text));
  turn.scrollIntoView({ block: "nearest" });
}

function write(messages) {
  const body = { model: model.name, messages, stream: true, stream_options: { include_usage: true } };
  const numbers = { temperature: "temperature", max_tokens: "length", seed: "seed" };
  for (const [key, id] of Object.entries(numbers)) {
    // What nobody changed is the server's to choose, which shortens an answer to the room there is.
    if (find(id).value !== "" && find(id).value !== find(id).defaultValue) body[key] = Number(find(id).value);
  }
  return JSON.stringify(body);
}

async function* readEvents(answer) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const events = (rest + value).split("\n\n");
    rest = events.pop();
    for (const event of events) {
      const data = event.replace(/^data: /, "");
      if (data === "[DONE]") return;
      yield JSON.parse(data);
    }
  }
}

async function say(text) {
  const instructions = find("system").value.trim();
  turns.push({ role: "user", content: text });
  addTurn("user", text);
  const { turn, words } = addTurn("assistant writing", "");
  let said = "", ending = "", usage = null;
  running = new AbortController();
  show();
  try {
    const messages = [...(instructions ? [{ role: "system", content: instructions }] : []), ...turns];
    const answer = await ask("/v1/chat/completions",
      { method: "POST", headers: { "Content-Type": "application/json" }, body: write(messages), signal: running.signal });
    for await (const event of readEvents(answer)) {
      if (event.error) throw new Error(event.error.message);
      if (event.usage) usage = event.usage;
      for (const choice of event.choices || []) {
        said += choice.delta.content || "";
        ending = choice.finish_reason || ending;
      }
      words.textContent = said;
      turn.scrollIntoView({ block: "nearest" });
    }
    turns.push({ role: "assistant", content: said });
    const why = ending === "length" ? "; it has as many tokens as it may have" : "";
    if (!said) words.textContent = "(nothing)";
    if (usage) note(turn, `${usage.completion_tokens} tokens to ${usage.prompt_tokens} asked${why}`);
  } catch (error) {
    if (error.name === "AbortError") {
      note(turn, "stopped");
      turns.push({ role: "assistant", content: said });
    } else {
      // The question was not answered, and is no part of what is asked next.
      turns.pop();
      note(turn, error.message, true);
      find("question").value = text;
      if (error.needsToken) begin();
    }
  }
  turn.classList.remove("writing");
  running = null;
  show();
}

function show() {
  find("send").hidden = running !== null;
  find("stop").hidden = running === null;
  find("again").hidden = running !== null || !find("turns").children.length;
}

find("ask").onsubmit = (event) => {
  event.preventDefault();
  const field = find("question"), text = field.value;
  if (running || !text.trim()) return;
  field.value = "";
  say(text);
};
find("question").onkeydown = (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); find("ask").requestSubmit(); }
};
find("stop").onclick = () => { if (running) running.abort(); };
find("again").onclick = () => { turns = []; find("turns").replaceChildren(); show(); find("question").focus(); };
find("token-form").onsubmit = (event) => { event.preventDefault(); token = find("token").value.trim(); begin(); };
begin();
