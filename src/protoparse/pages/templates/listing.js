"use strict";
// A list of items beside the texts they are about. The data, packed by protoparse.pages.listing, is
// { facets, tone, documents: [{ name, text }], strings, items: [[document, start, end, place, facets, says]] }.
// What is chosen stands in the address, #items?outcome=missed, so that any link can choose.
(() => {
  const AT_ONCE = 50;
  const AROUND = 200;
  const byId = (id) => document.getElementById(id);
  const source = byId("items-data");
  if (!source) return;
  const data = JSON.parse(source.textContent);
  const { noun, nouns } = byId("items").dataset;
  const list = byId("list");
  const more = byId("more");
  const controls = new Map();
  let chosen = [];
  let shown = 0;

  // ---------------------------------------------------------------- texts

  // Places are counted in code points, JavaScript's in UTF-16: most texts have no character where the two differ.
  const texts = data.documents.map(() => null);
  function textOf(number) {
    if (texts[number] === null) {
      const text = data.documents[number].text;
      texts[number] = /[\ud800-\udfff]/.test(text) ? Array.from(text) : text;
    }
    return texts[number];
  }
  function cut(text, start, end) {
    const part = text.slice(start, end);
    return typeof part === "string" ? part : part.join("");
  }
  function lineAround(text, start, end) {
    let from = text.lastIndexOf("\n", Math.max(start - 1, 0)) + 1;
    if (from > start) from = start;
    let to = text.indexOf("\n", end);
    if (to < 0) to = text.length;
    const before = from < start - AROUND;
    const after = to > end + AROUND;
    if (before) {
      const gap = text.indexOf(" ", start - AROUND);
      from = gap >= 0 && gap < start ? gap + 1 : start - AROUND;
    }
    if (after) {
      const gap = text.lastIndexOf(" ", end + AROUND);
      to = gap >= end ? gap : end + AROUND;
    }
    return [from, to, before, after];
  }

  // ---------------------------------------------------------------- elements

  function make(tag, attributes, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value !== null && value !== false) made.setAttribute(name, value === true ? "" : value);
    }
    made.append(...children.filter((child) => child !== null));
    return made;
  }
  const say = (number) => data.strings[number];
  const tally = (number) => `${number.toLocaleString("en")} ${number === 1 ? noun : nouns}`;
  function optionsOf(item, i) {
    const held = item[4][i];
    return (Array.isArray(held) ? held : [held]).map((option) => data.facets[i].options[option]);
  }
  const toneAt = data.facets.findIndex((facet) => facet.key === data.tone);
  const toneOf = (item) => (toneAt < 0 ? null : optionsOf(item, toneAt)[0] || null);
  const summary = (item) => data.facets.slice(0, 2).map((facet, i) => optionsOf(item, i).join(", ")).join(" · ");

  function excerpt(item) {
    const [number, start, end] = item;
    if (start < 0) return make("p", { class: "nowhere" }, "No place in the text.");
    const text = textOf(number);
    const [from, to, before, after] = lineAround(text, start, end);
    return make(
      "p",
      { class: "excerpt" },
      (before ? "… " : "") + cut(text, from, start),
      make("mark", { "data-tone": toneOf(item) }, cut(text, start, end)),
      cut(text, end, to) + (after ? " …" : ""),
    );
  }
  function entry(item) {
    const [number, , , place, , says] = item;
    const head = make("p", { class: "head" });
    data.facets.forEach((facet, i) => {
      for (const option of optionsOf(item, i)) {
        const tone = i === toneAt ? option : null;
        head.append(make("span", { class: "badge", title: facet.label, "data-tone": tone }, option), " ");
      }
    });
    const name = data.documents[number].name;
    head.append(
      make("a", { class: "home", href: "#items?" + new URLSearchParams({ document: name }) }, name),
      place < 0 ? "" : make("span", { class: "place" }, " " + say(place)),
    );
    const pairs = make("dl", { class: "says" });
    for (let i = 0; i < says.length; i += 2) {
      pairs.append(make("div", {}, make("dt", {}, say(says[i])), make("dd", {}, say(says[i + 1]))));
    }
    return make("li", { class: "item", "data-tone": toneOf(item) }, head, excerpt(item), says.length ? pairs : null);
  }

  // A whole document, with the places of all that is listed of it.
  function whole(number) {
    const box = byId("whole");
    box.replaceChildren();
    box.hidden = number === null;
    if (number === null) return;
    const text = textOf(number);
    const placed = chosen.filter((item) => item[1] >= 0).sort((a, b) => a[1] - b[1] || b[2] - a[2]);
    const edges = [...new Set([0, text.length, ...placed.flatMap((item) => [item[1], item[2]])])].sort((a, b) => a - b);
    const body = make("div", { class: "text", tabindex: "0", role: "group", "aria-label": "Text of the document" });
    let open = [];
    let next = 0;
    edges.slice(0, -1).forEach((from, i) => {
      const to = edges[i + 1];
      open = open.filter((item) => item[2] > from);
      while (next < placed.length && placed[next][1] <= from) open.push(placed[next++]);
      open = open.filter((item) => item[2] > from);
      const words = cut(text, from, to);
      if (!open.length) return body.append(words);
      const inmost = open.reduce((a, b) => (b[2] - b[1] < a[2] - a[1] ? b : a));
      const title = open.map(summary).join("\n");
      return body.append(make("mark", { "data-tone": toneOf(inmost), title }, words));
    });
    const name = data.documents[number].name;
    box.append(make("h3", {}, name, " ", make("a", { class: "back", href: "#items" }, "all documents")), body);
  }

  // ---------------------------------------------------------------- filters

  const documentNumbers = new Map(data.documents.map((document, i) => [document.name, i]));
  function conditions() {
    const tests = [];
    data.facets.forEach((facet, i) => {
      const value = controls.get(facet.key).value;
      const wanted = facet.options.indexOf(value);
      if (value) tests.push([facet.key, ({ 4: held }) => (Array.isArray(held[i]) ? held[i].includes(wanted) : held[i] === wanted)]);
    });
    const name = controls.get("document").value;
    if (name) {
      const number = documentNumbers.get(name);
      tests.push(["document", (item) => item[0] === number]);
    }
    const words = controls.get("search").value.trim().toLowerCase();
    if (words) tests.push(["search", (item) => haystack(item).includes(words)]);
    return tests;
  }
  function haystack(item) {
    const [number, start, end, place, , says] = item;
    const parts = [data.documents[number].name, place < 0 ? "" : say(place), ...says.map(say)];
    if (start >= 0) {
      const text = textOf(number);
      const [from, to] = lineAround(text, start, end);
      parts.push(cut(text, from, to));
    }
    return parts.join("\n").toLowerCase();
  }
  // How many items each option would show, all other filters as they are.
  function recount(tests) {
    data.facets.forEach((facet, i) => {
      const others = tests.filter(([key]) => key !== facet.key).map(([, test]) => test);
      const counts = facet.options.map(() => 0);
      for (const item of data.items) {
        if (!others.every((test) => test(item))) continue;
        const held = item[4][i];
        if (Array.isArray(held)) for (const option of held) counts[option] += 1;
        else counts[held] += 1;
      }
      const select = controls.get(facet.key);
      facet.options.forEach((option, number) => {
        select.options[number + 1].textContent = `${option} (${counts[number].toLocaleString("en")})`;
      });
    });
  }
  function apply() {
    const tests = conditions();
    chosen = data.items.filter((item) => tests.every(([, test]) => test(item)));
    recount(tests);
    byId("count").textContent = tests.length ? `${tally(chosen.length)} of ${data.items.length.toLocaleString("en")}` : tally(chosen.length);
    const name = controls.get("document").value;
    whole(name ? documentNumbers.get(name) ?? null : null);
    list.replaceChildren();
    shown = 0;
    showMore();
  }
  function showMore() {
    const first = shown;
    list.append(...chosen.slice(shown, shown + AT_ONCE).map(entry));
    shown = Math.min(shown + AT_ONCE, chosen.length);
    more.hidden = shown >= chosen.length;
    more.textContent = `Show ${Math.min(AT_ONCE, chosen.length - shown)} more of ${tally(chosen.length - shown)}`;
    return list.children[first];
  }

  // ---------------------------------------------------------------- the address

  function written() {
    const held = [...controls].map(([key, control]) => [key, control.value.trim()]).filter(([, value]) => value);
    return "#items" + (held.length ? "?" + new URLSearchParams(held) : "");
  }
  function read() {
    const [place, query] = location.hash.split(/\?(.*)/s);
    if (place !== "#items") return false;
    const held = new URLSearchParams(query || "");
    for (const [key, control] of controls) control.value = held.get(key) || "";
    for (const control of controls.values()) if (control.selectedIndex === -1) control.selectedIndex = 0;
    return true;
  }
  function changed() {
    history.replaceState(null, "", written());
    apply();
  }

  function control(key, label, made) {
    made.id = `filter-${key}`;
    made.name = key;
    controls.set(key, made);
    byId("filters").append(make("div", { class: "field" }, make("label", { for: made.id }, label), made));
  }
  const choice = (options) =>
    make("select", {}, make("option", { value: "" }, "all"), ...options.map((option) => make("option", { value: option }, option)));

  for (const facet of data.facets) control(facet.key, facet.label, choice(facet.options));
  control("document", "Document", choice(data.documents.map((document) => document.name)));
  control("search", "Search", make("input", { type: "search", autocomplete: "off", placeholder: "words" }));
  byId("filters").append(make("div", { class: "field" }, make("button", { type: "reset" }, "Clear")));
  byId("filters").hidden = false;

  let waiting = 0;
  byId("filters").addEventListener("input", (event) => {
    clearTimeout(waiting);
    waiting = setTimeout(changed, event.target.name === "search" ? 150 : 0);
  });
  byId("filters").addEventListener("reset", () => setTimeout(changed));
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  more.addEventListener("click", () => {
    const first = showMore();
    first.tabIndex = -1;
    first.focus({ preventScroll: true });
  });
  addEventListener("hashchange", () => {
    if (!read()) return;
    apply();
    byId("items").scrollIntoView();
    byId("items-heading").tabIndex = -1;
    byId("items-heading").focus({ preventScroll: true });
  });
  const asked = read();
  apply();
  if (asked) byId("items").scrollIntoView();
})();
