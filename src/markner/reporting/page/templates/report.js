"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const data = (id) => JSON.parse($(id).textContent);
  const make = (name, text, attributes = {}) => {
    const node = document.createElement(name);
    if (text !== undefined) node.textContent = text;
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    return node;
  };
  const labels = data("data-labels");
  const best = data("data-best");

  // Tables: a heading sorts, the kind of match chooses rows.
  for (const table of document.querySelectorAll("table.sortable")) {
    table.tHead.addEventListener("click", (event) => {
      const heading = event.target.closest("th");
      if (!event.target.closest("button")) return;
      const down = heading.getAttribute("aria-sort") === "ascending";
      const column = heading.cellIndex;
      const value = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
      const order = (a, b) => {
        const [x, y] = [value(a), value(b)];
        const numbers = x !== "" && y !== "" && !isNaN(x) && !isNaN(y);
        return (numbers ? x - y : x.localeCompare(y)) * (down ? -1 : 1);
      };
      table.tBodies[0].append(...[...table.tBodies[0].rows].sort(order));
      for (const other of heading.parentElement.cells) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    });
  }
  for (const choice of document.getElementsByName("match")) {
    choice.addEventListener("change", () => {
      for (const row of document.querySelectorAll("tr[data-match]")) row.hidden = row.dataset.match !== choice.value;
    });
  }

  // Lineage: a tree that grows as it is opened, so that a deep chain costs nothing until it is asked for.
  let lineage, cells, chosen;
  const fact = (parent, text) => text && parent.append(make("p", text, { class: "facts" }));
  const branch = (index, open) => {
    const node = lineage[index];
    const box = make("details");
    const head = make("summary");
    head.append(make("span", node.rule ? node.verdict : "source", { class: `verdict ${node.verdict.toLowerCase()}` }));
    head.append(` ${node.path}`);
    box.append(head);
    let grown = false;
    const grow = () => {
      if (grown) return;
      grown = true;
      fact(box, `sha256 ${node.sha256 ?? "is not there"}`);
      for (const finding of node.findings) fact(box, finding);
      if (node.rule) {
        const at = Object.entries(node.wildcards).map(([key, value]) => `${key} ${value}`).join(", ");
        fact(box, `made by rule ${node.rule}${at ? ` (${at})` : ""}, ${node.script}, code ${node.code.hash} (${node.code.definitions} definitions)`);
        fact(box, `${node.started.slice(0, 19)} to ${node.ended.slice(11, 19)} UTC on ${node.host}: ${node.gpu ?? node.cpu}, ${node.threads} threads; commit ${(node.commit ?? "unknown").slice(0, 12)}${node.dirty ? " with changes" : ""}`);
        const settings = make("details");
        settings.append(make("summary", "settings"), make("pre", JSON.stringify(node.settings, null, 1)));
        box.append(settings);
      }
      for (const input of node.inputs) box.append(branch(input, false));
    };
    box.addEventListener("toggle", grow);
    if (open) { box.open = true; grow(); }
    return box;
  };
  document.addEventListener("click", (event) => {
    const cell = event.target.closest(".cell");
    if (!cell) return;
    lineage ??= data("data-lineage");
    cells ??= data("data-cells");
    chosen = cell;
    $("chain-title").textContent = cell.dataset.title;
    const found = cells[`${cell.dataset.run} ${cell.dataset.corpus}`] ?? [];
    $("chain-body").replaceChildren(...found.map((index) => branch(index, true)));
    if (!found.length) $("chain-body").append(make("p", "No score file of this cell is recorded."));
    $("to-sentences").hidden = !$(`chunk-${cell.dataset.corpus}`);
    $("chain").showModal();
  });
  $("to-sentences").addEventListener("click", () => {
    $("chain").close();
    $("f-corpus").value = chosen.dataset.corpus;
    systems();
    $("f-system").value = chosen.dataset.run;
    $("f-kind").value = "";
    again();
    $("sentences").scrollIntoView();
    $("f-corpus").focus();
  });

  // Sentences: what was found beside what is there.
  const PAGE = 30;
  const chunks = new Map();
  let shown = PAGE;
  const overlap = ([a, b], [c, d]) => a < d && c < b;
  const kindOf = (span, others) => {
    if (others.some(([a, b]) => a === span[0] && b === span[1])) return "hit";
    return others.some((other) => overlap(span, other)) ? "boundary" : null;
  };
  const marked = (text, spans, others, otherwise) => {
    const node = make("dd");
    // Spans count characters, as Python does; a string counts 𝛼 and emojis as two.
    const characters = [...text];
    const part = (from, to) => characters.slice(from, to).join("");
    let at = 0;
    for (const span of spans) {
      const kind = kindOf(span, others) ?? otherwise;
      node.append(part(at, span[0]), make("mark", part(...span), { class: kind, title: kind }));
      at = span[1];
    }
    node.append(part(at));
    return node;
  };
  const rows = (corpus) => {
    if (!chunks.has(corpus)) chunks.set(corpus, data(`chunk-${corpus}`));
    return chunks.get(corpus);
  };
  const kinds = (gold, found, status) => {
    const all = new Set([...gold.map((span) => kindOf(span, found) ?? "missing"), ...found.map((span) => kindOf(span, gold) ?? "wrong")]);
    if (status !== "ok" && status !== "white_space") all.add("status");
    return all;
  };
  const systems = () => {
    const first = rows($("f-corpus").value)[0];
    const names = first ? Object.keys(first[3]) : [];
    $("f-system").replaceChildren(...names.map((run) => make("option", labels[run] ? `${labels[run]} (${run})` : run, { value: run })));
    if (names.includes(best[$("f-corpus").value])) $("f-system").value = best[$("f-corpus").value];
  };
  const show = () => {
    const [run, kind, word] = [$("f-system").value, $("f-kind").value, $("f-search").value.toLowerCase()];
    const found = rows($("f-corpus").value).filter(([id, text, gold, answers]) => {
      if (word && !`${id} ${text}`.toLowerCase().includes(word)) return false;
      if (!answers[run]) return true;
      if (!gold.length && !answers[run][0].length) return false;
      if (!kind) return true;
      const all = kinds(gold, ...answers[run]);
      const errors = all.size - all.has("hit");
      return kind === "hit" ? !errors : kind === "error" ? errors : all.has(kind);
    });
    $("list").replaceChildren(...found.slice(0, shown).map(([id, text, gold, answers]) => {
      const [spans, status, raw] = answers[run] ?? [[], "ok"];
      const item = make("li");
      const list = make("dl");
      list.append(make("dt", "gold"), marked(text, gold, spans, "missing"), make("dt", "found"), marked(text, spans, gold, "wrong"));
      if (raw) list.append(make("dt", "answer"), make("dd", raw, { class: "raw" }));
      item.append(make("span", status === "ok" ? id : `${id} · answer: ${status.replace("_", " ")}`, { class: "id" }), list);
      return item;
    }));
    $("found").textContent = `${found.length} ${found.length === 1 ? "sentence" : "sentences"}${found.length > shown ? `, the first ${shown} shown` : ""}`;
    $("more").hidden = found.length <= shown;
  };
  const again = () => { shown = PAGE; show(); };
  if ($("f-corpus").options.length) {
    $("f-corpus").addEventListener("change", () => { systems(); again(); });
    $("f-system").addEventListener("change", again);
    $("f-kind").addEventListener("change", again);
    $("f-search").addEventListener("input", again);
    $("more").addEventListener("click", () => { shown += PAGE; show(); });
    document.querySelector(".filters").addEventListener("submit", (event) => event.preventDefault());
    // The first corpus for which a tuned system is known, so that its errors are seen first.
    const first = [...$("f-corpus").options].find((option) => best[option.value]);
    if (first) first.selected = true;
    systems();
    show();
  }
})();
