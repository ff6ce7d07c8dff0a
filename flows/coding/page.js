"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const sheet = JSON.parse($("sheet").textContent);
  const FORMAT = "valuetalk-coding";
  const KEPT = `${FORMAT}:${sheet.sheet}`;
  const REST_AFTER = 20;
  const KEYS = "1234567890qwertyifghjklzxc";
  const posts = sheet.posts;
  const shown = new Set();
  let answers = posts.map(() => fresh());
  let at = 0;
  let unsaved = new Set();
  let sinceRest = 0;
  let keeps = true;
  let savedAt = "";

  function fresh() {
    return { ticked: new Set(), done: false, reason: "", note: "", at: "" };
  }

  function stateOf(answer) {
    if (answer.reason) return "skipped";
    return answer.done || answer.ticked.size ? "coded" : "open";
  }

  function make(tag, text, attributes) {
    const element = document.createElement(tag);
    if (text) element.textContent = text;
    for (const [name, value] of Object.entries(attributes || {})) element.setAttribute(name, value);
    return element;
  }

  function listOf(texts) {
    const list = make("ul");
    for (const text of texts) list.append(make("li", text));
    return list;
  }

  // what stays the same from post to post

  function buildFrames() {
    let family = "";
    sheet.frames.forEach((frame, number) => {
      if (frame.family !== family) {
        family = frame.family;
        const name = family[0].toUpperCase() + family.slice(1).replaceAll("_", " ");
        $("choices").append(make("p", name, { class: "family" }));
      }
      $("choices").append(frameBox(frame, number));
    });
    $("doubts").hidden = !sheet.notes.length;
    $("doubts").querySelector("ul").replaceWith(listOf(sheet.notes));
  }

  function frameBox(frame, number) {
    const box = make("div", "", { class: "frame" });
    const label = make("label");
    const meaning = `meaning-${number}`;
    const tick = make("input", "", {
      type: "checkbox", id: `frame-${number}`, "aria-describedby": meaning,
    });
    if (KEYS[number]) tick.setAttribute("aria-keyshortcuts", KEYS[number]);
    tick.addEventListener("change", () => setFrame(number, tick.checked));
    label.append(tick, make("span", frame.name, { class: "name" }));
    if (KEYS[number]) label.append(make("kbd", KEYS[number], { "aria-hidden": "true" }));
    box.append(label, make("p", frame.plain || frame.definition, { class: "meaning", id: meaning }));
    box.append(frameGuide(frame));
    return box;
  }

  function frameGuide(frame) {
    const guide = make("details");
    const summary = make("summary", "Guide");
    summary.append(make("span", ` to when it applies: ${frame.name}`, { class: "heard" }));
    guide.append(summary);
    if (frame.plain) guide.append(make("p", frame.definition));
    const parts = [["Code it for", frame.include], ["Do not code it for", frame.exclude],
      ["Examples (invented)", frame.examples]];
    for (const [head, texts] of parts) {
      if (texts.length) guide.append(make("h3", head), listOf(texts));
    }
    return guide;
  }

  function buildReasons() {
    sheet.reasons.forEach((reason, number) => {
      const label = make("label");
      const choice = make("input", "", { type: "radio", name: "reason", value: reason.key });
      choice.required = true;
      label.append(choice, make("span", reason.label));
      label.append(make("kbd", String(number + 1), { "aria-hidden": "true" }));
      $("reasons").append(label);
    });
  }

  function buildKeys() {
    const last = KEYS[Math.min(sheet.frames.length, KEYS.length) - 1];
    const lines = [
      [[KEYS[0], "…", last], "tick a frame, or take the tick away"],
      [["Enter"], "done with this post (with or without a frame), on to the next"],
      [["n", "→"], "next post"], [["p", "←"], "the one before"],
      [["s"], "skip this post, with a reason"], [["u"], "take a skip back"],
      [["v"], "show a post that has a content note"], [["m"], "write a note; Esc leaves it"],
      [["b"], "pause: hides the posts"], [["Ctrl", "s"], "save to a file"], [["?"], "this help"],
    ];
    for (const [keys, meaning] of lines) {
      const term = make("dt");
      for (const key of keys) term.append(key === "…" ? "… " : make("kbd", key));
      $("keylist").append(term, make("dd", meaning));
    }
  }

  function buildAll() {
    posts.forEach((_, number) => {
      const button = make("button", String(number + 1), { type: "button" });
      button.addEventListener("click", () => go(number));
      const item = make("li");
      item.append(button);
      $("all").append(item);
    });
    $("about").textContent =
      `Coder ${sheet.coder} · codebook ${sheet.codebook}, version ${sheet.codebook_version}`;
    for (const line of sheet.support) {
      $("support").append(make("p", line));
      $("pausesupport").append(make("p", line));
    }
  }

  // what one post shows

  function render() {
    const post = posts[at];
    const answer = answers[at];
    const state = stateOf(answer);
    const hidden = isHidden();
    $("place").textContent = `Post ${at + 1} of ${posts.length}`;
    $("where").textContent = [post.community, post.month].filter(Boolean).join(" · ");
    $("state").textContent = { open: "not done yet", coded: codedWords(answer), skipped: "skipped" }[state];
    $("state").dataset.state = state;
    $("warning").hidden = !hidden || state === "skipped";
    $("speaks").textContent = `This post may speak of ${post.content_note.join(", and of ")}.`;
    $("skipped").hidden = state !== "skipped";
    $("whyskipped").textContent = state === "skipped"
      ? `You skipped this post: ${reasonLabel(answer.reason).toLowerCase()}.` : "";
    $("text").hidden = hidden || state === "skipped";
    $("text").textContent = hidden || state === "skipped" ? "" : post.text;
    $("choices").disabled = hidden || state === "skipped";
    sheet.frames.forEach((frame, number) => {
      $(`frame-${number}`).checked = answer.ticked.has(frame.key);
    });
    if ($("note").value !== answer.note) $("note").value = answer.note;
    $("done").firstElementChild.textContent = answer.ticked.size ? "Done, next" : "None of these, next";
    $("done").disabled = hidden || state === "skipped";
    $("skip").disabled = state === "skipped";
    $("back").disabled = at === 0;
    $("next").disabled = at === posts.length - 1;
    renderProgress();
  }

  function isHidden() {
    return posts[at].content_note.length > 0 && !shown.has(at);
  }

  function codedWords(answer) {
    const n = answer.ticked.size;
    return n === 0 ? "coded: no frame" : `coded: ${n} frame${n > 1 ? "s" : ""}`;
  }

  function reasonLabel(key) {
    const known = sheet.reasons.find((reason) => reason.key === key);
    return known ? known.label : key;
  }

  function renderProgress() {
    const states = answers.map(stateOf);
    const done = states.filter((state) => state !== "open").length;
    $("bar").max = posts.length;
    $("bar").value = done;
    $("count").textContent = `${done} of ${posts.length} done`;
    [...$("all").querySelectorAll("button")].forEach((button, number) => {
      button.dataset.state = states[number];
      const word = { open: "not done", coded: "coded", skipped: "skipped" }[states[number]];
      button.setAttribute("aria-label", `Post ${number + 1}, ${word}`);
      if (number === at) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    });
    $("kept").className = unsaved.size ? "unsaved" : "";
    $("kept").textContent = keptWords(done);
  }

  function keptWords(done) {
    const words = [];
    if (done === posts.length) {
      words.push(unsaved.size ? "All posts are done: save to a file, and send that file back."
        : "All posts are done. Thank you.");
    } else if (sinceRest >= REST_AFTER) {
      words.push(`You have done ${sinceRest} posts since your last pause: a break does good.`);
    }
    const n = unsaved.size;
    if (n) words.push(`${n === 1 ? "One answer is" : `${n} answers are`} not saved to a file yet.`);
    else if (savedAt) words.push(`Saved to a file at ${savedAt}.`);
    words.push(keeps ? "This browser keeps your answers too."
      : "This browser keeps nothing when the page closes: save to a file before that.");
    return words.join(" ");
  }

  function say(text) {
    $("said").textContent = "";
    requestAnimationFrame(() => { $("said").textContent = text; });
  }

  function complain(text) {
    $("trouble").textContent = text;
    $("trouble").hidden = !text;
  }

  // what a coder does

  function go(number) {
    at = Math.max(0, Math.min(posts.length - 1, number));
    complain("");
    render();
    $("place").focus({ preventScroll: true });
    if ($("post").getBoundingClientRect().top < 0) $("post").scrollIntoView();
    say(`Post ${at + 1} of ${posts.length}, ${$("state").textContent}.`);
  }

  function changed() {
    answers[at].at = new Date().toISOString();
    unsaved.add(posts[at].item);
    keep();
    render();
  }

  function setFrame(number, ticked) {
    const answer = answers[at];
    if (isHidden()) return say("Show the post first with v, or skip it with s.");
    if (answer.reason) return say("You skipped this post: take that back first, with u.");
    const wasOpen = stateOf(answer) === "open";
    const frame = sheet.frames[number];
    if (ticked) answer.ticked.add(frame.key);
    else answer.ticked.delete(frame.key);
    if (wasOpen) sinceRest += 1;
    changed();
    say(`${frame.name}: ${ticked ? "ticked" : "not ticked"}`);
  }

  function done() {
    const answer = answers[at];
    if (isHidden()) return say("Show the post first with v, or skip it with s.");
    if (answer.reason) return say("You skipped this post: take that back first, with u.");
    if (!answer.done) {
      if (stateOf(answer) === "open") sinceRest += 1;
      answer.done = true;
      changed();
    }
    goOn();
  }

  function goOn() {
    const open = (number) => stateOf(answers[number]) === "open";
    const order = posts.map((_, step) => (at + 1 + step) % posts.length);
    const following = order.find(open);
    if (following !== undefined) return go(following);
    render();
    say("All posts are done. Save to a file, and send that file back.");
  }

  function askSkip() {
    if (answers[at].reason) return;
    for (const choice of $("reasons").querySelectorAll("input")) choice.checked = false;
    if (isHidden()) $("reasons").querySelector("input").checked = true;
    $("why").returnValue = "no";
    $("why").showModal();
    $("reasons").querySelector("input").focus();
  }

  function skip() {
    const chosen = $("reasons").querySelector("input:checked");
    if ($("why").returnValue !== "skip" || !chosen) return $("place").focus();
    answers[at].reason = chosen.value;
    answers[at].ticked = new Set();
    answers[at].done = false;
    changed();
    goOn();
  }

  function unskip() {
    if (!answers[at].reason) return;
    answers[at].reason = "";
    changed();
    go(at);
  }

  function show() {
    if (!isHidden() || answers[at].reason) return;
    shown.add(at);
    render();
    $("place").focus({ preventScroll: true });
    say("The post is shown.");
  }

  function rest() {
    sinceRest = 0;
    $("pause").showModal();
  }

  function writeNote() {
    answers[at].note = $("note").value;
    changed();
  }

  // what is kept

  function rows() {
    return posts.map((post, number) => {
      const answer = answers[number];
      const state = stateOf(answer);
      const row = { item: post.item, state, note: answer.note, at: answer.at };
      if (state === "coded") {
        row.codes = Object.fromEntries(sheet.frames.map((f) => [f.key, answer.ticked.has(f.key) ? 1 : 0]));
      }
      if (state === "skipped") row.reason = answer.reason;
      return row;
    });
  }

  function content() {
    return {
      format: FORMAT, format_version: 1, sheet: sheet.sheet, coder: sheet.coder,
      codebook: sheet.codebook, codebook_version: sheet.codebook_version,
      frames: sheet.frames.map((frame) => frame.key), saved_at: new Date().toISOString(),
      n_items: posts.length, items: rows(),
    };
  }

  function keep() {
    try {
      localStorage.setItem(KEPT, JSON.stringify({ ...content(), unsaved: [...unsaved] }));
      keeps = true;
    } catch {
      keeps = false;
    }
  }

  function recall() {
    try {
      const text = localStorage.getItem(KEPT);
      if (!text) return;
      const kept = JSON.parse(text);
      take(kept);
      unsaved = new Set(kept.unsaved);
    } catch {
      keeps = false;
    }
  }

  function take(saved) {
    const mine = new Map(posts.map((post, number) => [post.item, number]));
    let taken = 0;
    for (const row of saved.items) {
      const number = mine.get(row.item);
      if (number === undefined || !row.at || row.at <= answers[number].at) continue;
      const codes = row.codes || {};
      answers[number] = {
        ticked: new Set(sheet.frames.map((f) => f.key).filter((key) => codes[key] === 1)),
        done: row.state === "coded", reason: row.state === "skipped" ? row.reason : "",
        note: row.note || "", at: row.at,
      };
      taken += 1;
    }
    return taken;
  }

  function localDay() {
    const now = new Date();
    const two = (number) => String(number).padStart(2, "0");
    return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
  }

  function save() {
    const text = JSON.stringify(content(), null, 1);
    const link = make("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    link.download = `coding-${sheet.coder}-${localDay()}-${sheet.sheet}.json`;
    link.click();
    URL.revokeObjectURL(link.href);
    unsaved.clear();
    savedAt = new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    keep();
    renderProgress();
    say("Saved to a file in your downloads.");
  }

  async function load() {
    const [file] = $("file").files;
    $("file").value = "";
    if (!file) return;
    let saved;
    try {
      saved = JSON.parse(await file.text());
    } catch {
      return complain("That file cannot be read: open one that this page saved.");
    }
    if (!saved || saved.format !== FORMAT || !Array.isArray(saved.items)) {
      return complain("That file was not saved by a page like this: open one that was.");
    }
    if (saved.sheet !== sheet.sheet) {
      return complain("That file belongs to another sheet: open it on the page that it was saved from.");
    }
    const taken = take(saved);
    keep();
    const open = answers.findIndex((answer) => stateOf(answer) === "open");
    go(open < 0 ? 0 : open);
    say(`Opened: ${taken} answers taken over.`);
  }

  function forget() {
    try {
      localStorage.removeItem(KEPT);
    } catch {
      keeps = false;
    }
    $("keys").close();
    say("This browser keeps nothing of this sheet any more, until you go on.");
  }

  // keys

  const commands = {
    n: () => go(at + 1), ArrowRight: () => go(at + 1), p: () => go(at - 1), ArrowLeft: () => go(at - 1),
    s: askSkip, u: unskip, v: show, b: rest, m: () => $("note").focus(), "?": () => $("keys").showModal(),
    Enter: done,
  };

  function isTyping(target) {
    return target.matches("textarea, select, input:not([type=checkbox])");
  }

  function onKey(event) {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") {
      event.preventDefault();
      return save();
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const open = document.querySelector("dialog[open]");
    if (open) return chooseReason(event, open);
    if (isTyping(event.target)) return event.key === "Escape" ? $("place").focus() : undefined;
    if (event.key === "Enter" && event.target.closest("button, summary, a")) return;
    if (!$("onekey").checked && event.key.length === 1) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const number = KEYS.indexOf(key);
    if (key.length === 1 && number >= 0 && number < sheet.frames.length) {
      event.preventDefault();
      setFrame(number, !answers[at].ticked.has(sheet.frames[number].key));
    } else if (Object.hasOwn(commands, key)) {
      event.preventDefault();
      commands[key]();
    }
  }

  function chooseReason(event, open) {
    const number = Number(event.key) - 1;
    const choices = $("reasons").querySelectorAll("input");
    if (open.id !== "why" || !choices[number]) return;
    event.preventDefault();
    choices[number].checked = true;
    choices[number].focus();
  }

  function begin() {
    buildFrames();
    buildReasons();
    buildKeys();
    buildAll();
    recall();
    const clicks = {
      save, rest, show, unskip, done, skip: askSkip, pass: askSkip, forget,
      back: () => go(at - 1), next: () => go(at + 1),
      load: () => $("file").click(), help: () => $("keys").showModal(),
    };
    for (const [id, act] of Object.entries(clicks)) $(id).addEventListener("click", act);
    $("file").addEventListener("change", load);
    $("why").addEventListener("close", skip);
    $("note").addEventListener("input", writeNote);
    $("frames").addEventListener("submit", (event) => event.preventDefault());
    $("onekey").addEventListener("change", () => {
      document.body.classList.toggle("keyless", !$("onekey").checked);
    });
    document.addEventListener("keydown", onKey);
    addEventListener("beforeunload", (event) => {
      if (unsaved.size && !keeps) event.preventDefault();
    });
    const first = answers.findIndex((answer) => stateOf(answer) === "open");
    at = first < 0 ? 0 : first;
    $("page").hidden = false;
    render();
  }

  begin();
})();
