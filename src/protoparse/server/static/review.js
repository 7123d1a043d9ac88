"use strict";
// The review page: keys, selections, hovering and dialogs. What an edit changes is sent by the server, part by part, and
// put in its place by htmx.
(() => {
  const byId = (id) => document.getElementById(id);
  const base = `/reviews/${document.body.dataset.review}`;
  const text = byId("text");
  const editor = byId("editor");
  const adding = byId("adding");
  const itemOf = (name) => byId(`item-${name.replaceAll(".", "-")}`);
  const turn = () => byId("status").dataset.turn;

  // ---------------------------------------------------------------- asking

  let queue = Promise.resolve(true);
  let failure = null;
  // One request after the other: each says which turn of the review it goes on from. True where it was done.
  function post(path, values = {}) {
    const next = async () => {
      failure = null;
      const at = here;
      document.body.setAttribute("aria-busy", "true");
      await htmx.ajax("POST", `${base}/${path}`, { values: { ...values, turn: turn() }, swap: "none", source: document.body });
      document.body.removeAttribute("aria-busy");
      if (failure) say(failure, true);
      else settle(at);
      return !failure;
    };
    queue = queue.then(next, next);
    return queue;
  }
  const step = (fields) => post("steps", { step: JSON.stringify(fields) });
  document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
    if (ctx.response && ctx.response.raw.status >= 400) failure = causeOf(ctx.text);
  });
  document.addEventListener("htmx:error", () => { failure = failure || "the service cannot be reached"; });
  function causeOf(body) {
    try { return JSON.parse(body).detail; } catch { return "the service could not do it"; }
  }
  function say(words, wrong) {
    const message = byId("message");
    message.textContent = words;
    message.classList.toggle("wrong", Boolean(wrong));
    const inside = editor.open && editor.querySelector("[role=alert]");
    if (inside && wrong) inside.textContent = words;
  }
  function settle(before) {
    const { dataset } = byId("status");
    byId("undo").disabled = !("undo" in dataset);
    byId("redo").disabled = !("redo" in dataset);
    // who went on while the answer came stays there
    const moved = here !== before && itemOf(here);
    const item = moved || itemOf(dataset.at || before);
    if (item) choose(item, { scroll: Boolean(dataset.at) && !moved, focus: !editor.open });
  }

  // ---------------------------------------------------------------- where one is

  const items = () => [...document.querySelectorAll("#outline > .criterion")];
  let here = "";
  const current = () => document.querySelector("#outline > .current") || itemOf(here);
  function choose(item, { scroll = true, focus = true } = {}) {
    current()?.classList.remove("current");
    item.classList.add("current");
    here = item.dataset.id;
    for (const lit of text.querySelectorAll(".here")) lit.classList.remove("here");
    const own = [...text.querySelectorAll(`[data-in="${CSS.escape(item.dataset.id)}"]`)];
    for (const part of own) part.classList.add("here");
    if (focus) item.focus({ preventScroll: true });
    if (!scroll) return;
    item.scrollIntoView({ block: "nearest" });
    if (own.length) within(text, own[0]);
  }
  // Scroll a box, and nothing around it, until a part of it is seen.
  function within(box, part) {
    const outer = box.getBoundingClientRect();
    const inner = part.getBoundingClientRect();
    if (inner.top < outer.top || inner.bottom > outer.bottom) box.scrollTop += inner.top - outer.top - outer.height / 4;
  }
  function move(by) {
    const all = items();
    const at = all.indexOf(current());
    const next = all[Math.min(Math.max(at + by, 0), all.length - 1)];
    if (next) choose(next);
  }

  // ---------------------------------------------------------------- hovering

  function light(names) {
    for (const lit of document.querySelectorAll(".lit")) lit.classList.remove("lit");
    for (const name of names) {
      const quoted = CSS.escape(name);
      for (const one of document.querySelectorAll(`[data-fact="${quoted}"], [data-facts~="${quoted}"]`)) one.classList.add("lit");
    }
  }
  const namesOf = (target) => {
    const one = target.closest?.("[data-fact], [data-facts]");
    return one ? (one.dataset.fact || one.dataset.facts).split(" ") : [];
  };
  document.addEventListener("pointerover", ({ target }) => light(namesOf(target)));
  document.addEventListener("focusin", ({ target }) => light(namesOf(target)));

  // ---------------------------------------------------------------- dialogs

  async function edit(path, values) {
    failure = null;
    await htmx.ajax("GET", `${base}/${path}?${new URLSearchParams(values)}`, { target: "#editor", swap: "innerHTML", source: document.body });
    if (failure) return say(failure, true);
    for (const fields of editor.querySelectorAll("[data-compared]")) shape(fields);
    if (!editor.open) editor.showModal();
    editor.querySelector("textarea, select, input:not([type=hidden])")?.focus();
  }
  const editWords = (item) => edit("words", { criterion: item.dataset.id });
  const editRule = (item) => edit("rule", { criterion: item.dataset.id });
  function editFact(name) {
    const at = name.indexOf("$");
    edit("fact", { criterion: name.slice(0, at), path: name.slice(at) });
  }
  // A comparison shows the operands that its operator takes.
  function shape(fields) {
    const operator = fields.querySelector("select").value;
    fields.dataset.takes = operator === "" ? "none" : operator === "between" ? "two" : "one";
  }
  editor.addEventListener("change", ({ target }) => {
    const fields = target.closest("[data-compared]");
    if (fields) shape(fields);
  });
  editor.addEventListener("close", () => current()?.focus({ preventScroll: true }));
  editor.addEventListener("submit", async (event) => {
    event.preventDefault();
    const form = event.target;
    const values = Object.fromEntries(new FormData(form));
    if (form.id === "fact-form") {
      if (await post("fact", values)) editor.close();
      return;
    }
    const { criterion } = form.dataset;
    if (form.id === "words-form") {
      const [start, end] = chosen(form);
      if (await step({ edit: "add", criterion, span: [start, end], domain: values.domain, join: values.join })) editor.close();
      return;
    }
    let done = true;
    const english = form.elements.english;
    if (english.value.trim() && english.value !== english.defaultValue) {
      done = await step({ edit: "reword", criterion, english: english.value });
    }
    const { combine, at_least } = form.elements;
    const several = combine?.value === "at_least";
    if (done && (changed(combine) || (several && at_least.value !== at_least.defaultValue))) {
      done = await step({ edit: "combine", criterion, combine: several ? { at_least: Number(at_least.value) } : combine.value });
    }
    const kind = form.elements.kind;
    if (done && changed(kind)) done = await step({ edit: "kind", criterion, kind: kind.value });
    if (done) editor.close();
  });
  const changed = (select) => select && ![...select.options].find((option) => option.defaultSelected)?.selected;
  editor.addEventListener("click", async ({ target }) => {
    if (!target.form || !target.matches("[data-remove], [data-join], [data-split], [data-words]")) return;
    const { criterion, path = "$" } = target.form.dataset;
    if ("words" in target.dataset) return editWords({ dataset: { id: criterion } });
    const done = "join" in target.dataset ? step({ edit: "join", criterion })
      : "split" in target.dataset ? step({ edit: "split", criterion, at: chosen(target.form)[0] })
      : step({ edit: "remove", criterion, path });
    if (await done) editor.close();
  });
  document.addEventListener("click", ({ target }) => {
    if (!target.matches("[data-close]")) return;
    target.closest("dialog")?.close();
    adding.hidden = true;
  });

  // ---------------------------------------------------------------- facts of selected words

  const points = (words) => Array.from(words).length; // places are counted in code points
  let selected = null;
  // The place of a point of the page in the text, null outside it.
  function placeOf(node, offset) {
    const part = (node.nodeType === Node.TEXT_NODE ? node.parentElement : node)?.closest?.("[data-at]");
    if (!part || !text.contains(part)) return null;
    const words = node.nodeType === Node.TEXT_NODE ? node.data.slice(0, offset) : offset ? part.textContent : "";
    return Number(part.dataset.at) + points(words);
  }
  document.addEventListener("selectionchange", () => {
    const range = getSelection();
    if (!range.rangeCount || range.isCollapsed || !text.contains(range.anchorNode)) return;
    const ends = [placeOf(range.anchorNode, range.anchorOffset), placeOf(range.focusNode, range.focusOffset)];
    if (ends.includes(null)) return;
    const span = ends.sort((a, b) => a - b);
    const home = homeOf(span);
    selected = home && { span, home };
    adding.hidden = !selected;
    byId("selected").textContent = selected ? `${home}: “${range.toString().trim()}”` : "";
  });
  function homeOf([start, end]) {
    let home = null;
    for (const part of text.querySelectorAll("[data-in]")) {
      const at = Number(part.dataset.at);
      if (at < end && at + points(part.textContent) > start) home = home || part.dataset.in;
    }
    return home;
  }
  adding.addEventListener("submit", async (event) => {
    event.preventDefault();
    const { domain, join } = Object.fromEntries(new FormData(adding));
    if (!selected) return;
    const done = await step({ edit: "add", criterion: selected.home, span: selected.span, domain, join });
    if (done) unselect();
  });
  function unselect() {
    adding.hidden = true;
    getSelection().removeAllRanges();
  }
  byId("split").addEventListener("click", async () => {
    if (selected && await step({ edit: "split", criterion: selected.home, at: selected.span[0] })) unselect();
  });
  // The same without a pointer: what is selected of an item's words, which nothing changes.
  function chosen(form) {
    const { value, selectionStart, selectionEnd } = form.querySelector("#words");
    return [selectionStart, selectionEnd].map((at) => Number(form.dataset.at) + points(value.slice(0, at)));
  }
  editor.addEventListener("beforeinput", (event) => event.target.matches("#words") && event.preventDefault());
  // ---------------------------------------------------------------- what is done

  const accept = (item) => step({ edit: "accept", criterion: item.dataset.id, accepted: !("seen" in item.dataset) });
  const shift = (item, to) => step({ edit: "move", criterion: item.dataset.id, to });
  const reject = (item) => item.querySelector(".fact") && step({ edit: "remove", criterion: item.dataset.id });
  const acts = { accept, edit: editRule, in: (item) => shift(item, "in"), out: (item) => shift(item, "out") };
  document.addEventListener("click", ({ target }) => {
    const fact = target.closest(".fact");
    const act = target.closest("[data-act]");
    const item = target.closest(".criterion");
    if (item) choose(item, { scroll: false, focus: !fact && !act });
    if (fact) editFact(fact.dataset.fact);
    else if (act) acts[act.dataset.act](item);
    const place = target.closest("[data-goto]");
    if (place) choose(itemOf(place.dataset.goto));
  });
  text.addEventListener("click", ({ target }) => {
    const home = target.closest("[data-in]");
    if (home && getSelection().isCollapsed) choose(itemOf(home.dataset.in), { focus: false });
  });
  const save = () => {
    byId("save-form").elements.author.value ||= remembered();
    byId("saving").showModal();
  };
  const remembered = () => { try { return localStorage.getItem("author") || ""; } catch { return ""; } };
  byId("save-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const values = Object.fromEntries(new FormData(event.target));
    try { localStorage.setItem("author", values.author); } catch { /* a browser that keeps nothing */ }
    byId("saving").close();
    await post("save", values);
  });
  byId("undo").addEventListener("click", () => post("undo"));
  byId("redo").addEventListener("click", () => post("redo"));
  byId("save").addEventListener("click", save);
  byId("help").addEventListener("click", () => byId("keys").showModal());

  const keys = {
    j: () => move(1), k: () => move(-1), ArrowDown: () => move(1), ArrowUp: () => move(-1),
    a: () => current() && accept(current()), e: () => current() && editRule(current()), Enter: () => current() && editRule(current()),
    w: () => current() && editWords(current()), "+": () => current() && step({ edit: "join", criterion: current().dataset.id }),
    x: () => current() && reject(current()), "]": () => current() && shift(current(), "in"), "[": () => current() && shift(current(), "out"),
    u: () => post("undo"), U: () => post("redo"), s: save, "?": () => byId("keys").showModal(),
  };
  document.addEventListener("keydown", (event) => {
    const { target, key } = event;
    if (document.querySelector("dialog[open]") || target.matches("input, select, textarea")) return;
    if ((event.ctrlKey || event.metaKey) && key.toLowerCase() === "z") {
      event.preventDefault();
      post(event.shiftKey ? "redo" : "undo");
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if ((key === "Enter" || key.startsWith("Arrow")) && !target.matches(".criterion, body")) return;
    const number = /^[1-9]$/.test(key) ? current()?.querySelectorAll(".fact")[Number(key) - 1] : null;
    if (!number && !keys[key]) return;
    event.preventDefault();
    if (number) editFact(number.dataset.fact);
    else keys[key]();
  });
})();
