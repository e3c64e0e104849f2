// Shows what was chosen and what was saved elsewhere by itself; without it, the buttons and the browser's own "reload"
// do.
const CONTROLS = "a, button, input, select, summary, iframe, [tabindex]";

// By the keyboard one goes through what there is to choose without choosing it, so only the pointer sends the form.
let pointed = false;
addEventListener("pointerdown", () => { pointed = true; }, true);
addEventListener("keydown", () => { pointed = false; }, true);

const form = document.querySelector("form[data-send-on-change]");
if (form) {
  form.addEventListener("change", (event) => {
    if (event.target.type === "search") return;
    const mix = event.target.dataset.mix;
    if (mix) form.querySelector("[data-reader]").value = mix;
    form.querySelector("[name=find]").value = "";
    if (pointed) form.requestSubmit();
  });
}

// What one has opened, and where one was, outlives a change; the browser keeps the places one has scrolled to.
const details = () => [...document.querySelectorAll("details[data-keep]")];
const opened = () => Object.fromEntries(details().map((each) => [each.dataset.keep, each.open]));
const focused = () => [...document.querySelectorAll(CONTROLS)].indexOf(document.activeElement);
function restore(open, focus) {
  for (const each of details()) if (each.dataset.keep in open) each.open = open[each.dataset.keep];
  const there = document.querySelectorAll(CONTROLS)[focus];
  if (there) there.focus({ preventScroll: true });
}

// As the server sent them, before anything was opened.
const sent = (page) => Object.fromEntries([...page.querySelectorAll("[data-part]")].map((each) => [each.dataset.part, each]));
const asText = (part) => (part.id === "live" ? part.textContent : part.outerHTML);
const parts = Object.fromEntries(Object.entries(sent(document)).map(([name, part]) => [name, asText(part)]));

const before = JSON.parse(sessionStorage.getItem("kept") || "null");
sessionStorage.removeItem("kept");
if (before && before.at === location.href) restore(before.open, before.focus);

function again() {
  sessionStorage.setItem("kept", JSON.stringify({ at: location.href, open: opened(), focus: focused() }));
  location.reload();
}

// What is known of a letter changes in its place, so that the letter beside it stays as it is looked at.
function swap(fresh) {
  const old = document.querySelector("[data-part=about]");
  const inside = old.contains(document.activeElement);
  const open = opened();
  const focus = inside ? focused() : -1;
  parts.about = asText(fresh.about);
  old.replaceWith(document.adoptNode(fresh.about));
  restore(open, focus);
}

const live = document.getElementById("live");
let seen = live && live.dataset.version;
let leaving = false;

// A change that this page does not show, such as that of another page's template, leaves it as it is.
async function look(version) {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const now = page.getElementById("live");
  if (leaving) return;
  if (now && now.dataset.print === live.dataset.print) {
    seen = version;
    return;
  }
  const fresh = sent(page);
  const other = Object.keys(parts).filter((name) => !fresh[name] || asText(fresh[name]) !== parts[name]);
  if (!now || other.join() !== "about" || !fresh.about) {
    again();
    return;
  }
  swap(fresh);
  live.dataset.print = now.dataset.print;
  seen = version;
}

// A page in the background does not listen: browsers keep few connections to one server.
let source;
let looking = Promise.resolve();
function listen() {
  leaving = false;
  if (source) source.close();
  if (document.hidden) return;
  source = new EventSource("/changes");
  source.onmessage = (event) => {
    looking = looking.then(() => (event.data === seen || leaving ? null : look(event.data))).catch(() => {});
  };
}

if (seen && location.protocol.startsWith("http")) {
  document.addEventListener("visibilitychange", listen);
  // Loading anew would undo what one has just chosen; what is only downloaded leaves one here.
  addEventListener("beforeunload", () => {
    leaving = true;
    setTimeout(listen, 3000);
  });
  listen();
}
