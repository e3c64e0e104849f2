// Sends the form as soon as a control changes, and shows what was saved elsewhere; without it, the button and the
// browser's own "reload" do.
const form = document.querySelector("form[data-send-on-change]");
if (form) {
  form.addEventListener("change", (event) => {
    if (event.target.type === "search") return;
    const mix = event.target.dataset.mix;
    if (mix) form.querySelector("[data-reader]").value = mix;
    form.querySelector("[name=find]").value = "";
    form.requestSubmit();
  });
}

// What one has opened, and where one was, outlives a reload; the browser keeps the places one has scrolled to.
const kept = [...document.querySelectorAll("details[data-keep]")];
const before = JSON.parse(sessionStorage.getItem("kept") || "null");
sessionStorage.removeItem("kept");
if (before && before.at === location.href) {
  for (const each of kept) if (each.dataset.keep in before.open) each.open = before.open[each.dataset.keep];
  const focused = document.querySelectorAll("a, button, input, select, summary")[before.focus];
  if (focused) focused.focus({ preventScroll: true });
}

function again() {
  const open = Object.fromEntries(kept.map((each) => [each.dataset.keep, each.open]));
  const focus = [...document.querySelectorAll("a, button, input, select, summary")].indexOf(document.activeElement);
  sessionStorage.setItem("kept", JSON.stringify({ at: location.href, open, focus }));
  location.reload();
}

const live = document.getElementById("live");
let seen = live && live.dataset.version;

// A change that this page does not show, such as that of another page's template, leaves it as it is.
async function look(version) {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("live");
  if (!page || page.dataset.print !== live.dataset.print) again();
  else seen = version;
}

// A page in the background does not listen: browsers keep few connections to one server.
let source;
let looking = Promise.resolve();
function listen() {
  if (source) source.close();
  if (document.hidden) return;
  source = new EventSource("/changes");
  source.onmessage = (event) => {
    looking = looking.then(() => (event.data === seen ? null : look(event.data))).catch(() => {});
  };
}

if (seen && location.protocol.startsWith("http")) {
  document.addEventListener("visibilitychange", listen);
  listen();
}
