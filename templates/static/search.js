/* Searches a static site's own list of pieces: what stands in ?q is looked for in files beside the page, newest first. */
"use strict";

(() => {
  const box = document.getElementById("results");
  const field = document.getElementById("q");
  const typed = (new URLSearchParams(location.search).get("q") || "").slice(0, 200).trim();
  const most = 50;
  if (!box || !field) return;
  field.value = typed;
  if (!typed) return;

  const fold = (text) => text.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "");
  const wordsOf = (text) => fold(text).match(/[\p{L}\p{N}]+/gu) || [];
  /* A word without its ending finds its other forms, and longer words that begin with it. */
  const stem = (word) => (word.length > 4 ? word.replace(/(ies|ern|es|en|er|s|e|n)$/, "") : word);

  const wanted = [];
  const unwanted = [];
  for (const part of typed.matchAll(/(-?)(?:["“„«]([^"“”„«»]*)["”“»]?|([^\s"“”„«»]+))/g)) {
    const phrase = wordsOf(part[2] || part[3] || "");
    if (!phrase.length) continue;
    (part[1] ? unwanted : wanted).push(...phrase.slice(0, 12).map(stem));
  }

  const has = (words, term) => words.some((word) => word.startsWith(term));
  function score(piece) {
    const title = wordsOf(piece.title);
    const summary = wordsOf(piece.summary);
    const rest = piece.words.split(" ");
    let sum = 0;
    for (const term of wanted) {
      const here = (has(title, term) ? 8 : 0) + (has(summary, term) ? 3 : 0) + (has(rest, term) ? 1 : 0);
      if (!here) return 0;
      sum += here;
    }
    return unwanted.some((term) => has(title, term) || has(summary, term) || has(rest, term)) ? 0 : sum;
  }

  function marked(into, text) {
    for (const bit of text.split(/([\p{L}\p{N}\p{M}]+)/u)) {
      const word = wordsOf(bit)[0];
      if (word && wanted.some((term) => word.startsWith(term))) {
        into.appendChild(document.createElement("mark")).textContent = bit;
      } else {
        into.append(bit);
      }
    }
  }

  function shown(piece) {
    const article = document.createElement("article");
    article.className = "piece hit";
    const link = article.appendChild(document.createElement("h2")).appendChild(document.createElement("a"));
    link.href = piece.href;
    marked(link, piece.title);
    const meta = article.appendChild(document.createElement("p"));
    meta.className = "meta soft";
    meta.textContent = [piece.meta, piece.issue].filter(Boolean).join(" · ");
    marked(article.appendChild(document.createElement("p")), piece.summary);
    return article;
  }

  function say(text, className) {
    const line = box.appendChild(document.createElement("p"));
    line.className = className;
    line.textContent = text;
  }

  async function run() {
    const found = [];
    const files = Array.from({ length: Number(box.dataset.files) }, (_, n) => `${n + 1}.json`);
    const lists = await Promise.all(files.map(async (name) => {
      const answer = await fetch(new URL(name, document.baseURI));
      if (!answer.ok) throw new Error(name);
      return answer.json();
    }));
    for (const piece of wanted.length ? lists.flat() : []) {
      const points = score(piece);
      if (points) found.push({ piece, points });
    }
    found.sort((a, b) => b.points - a.points);
    if (!found.length) return say(box.dataset.none.replace("%q", () => typed), "notice");
    say(found.length === 1 ? box.dataset.one : box.dataset.many.replace("%n", found.length), "soft counted");
    box.append(...found.slice(0, most).map((each) => shown(each.piece)));
    if (found.length > most) say(box.dataset.cut.replace("%n", most), "soft");
  }

  run().catch(() => say(box.dataset.failed, "notice"));
})();
