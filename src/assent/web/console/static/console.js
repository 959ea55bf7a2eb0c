// What a page can do beside links and forms: live parts, local times, shortcuts. Everything works without it.
"use strict";

const IDLE_MS = 60 * 60 * 1000;
let used = Date.now();

/* Times: the server says UTC, the reader sees their own. */
const days = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const years = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });
const hours = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });

function localise(root) {
  for (const one of root.querySelectorAll("time[data-when]")) {
    const at = new Date(one.dateTime), now = new Date();
    const today = at.toDateString() === now.toDateString();
    const format = today || one.dataset.when === "hour" ? hours : at.getFullYear() === now.getFullYear() ? days : years;
    one.textContent = format.format(at);
    one.title = at.toString();
  }
}

/* Live parts: each names the topics it shows and asks for itself again when one of them changed. */
function refresh(topics) {
  for (const part of document.querySelectorAll("[data-live]")) {
    const shown = part.dataset.live.split(" ");
    if (topics === null || topics.some((topic) => shown.includes(topic))) {
      part.dispatchEvent(new Event("live"));
    }
  }
}

let stream = null;
let seen = false;

function listen() {
  const address = document.body.dataset.liveStream;
  if (!address || stream || document.hidden || Date.now() - used > IDLE_MS) return;
  if (!document.querySelector("[data-live]")) return;
  stream = new EventSource(address);
  stream.addEventListener("open", () => {
    document.documentElement.dataset.streaming = "yes";
    if (seen) refresh(null);
    seen = true;
  });
  stream.addEventListener("error", () => {
    delete document.documentElement.dataset.streaming;
    if (stream?.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
    hush();
    refresh(null); // whoever was signed out is led to the sign-in page
    setTimeout(listen, 10_000);
  });
  stream.addEventListener("changed", (event) => {
    if (Date.now() - used > IDLE_MS) return hush();
    refresh(event.data.split(" "));
  });
}

function hush() {
  stream?.close();
  stream = null;
  delete document.documentElement.dataset.streaming;
}

/* Shortcuts: off for whoever wants them off, and never while something is typed. */
const KEY = "assent-shortcuts";
const on = () => { try { return localStorage.getItem(KEY) !== "off"; } catch { return true; } };
const typing = (target) => target.closest("input, textarea, select, [contenteditable]") !== null;
let before = "";
let forget = 0;

function press(event) {
  if (event.key === "Escape") document.documentElement.dataset.tips = "shut"; // a live part keeps no class of ours
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || !on()) return;
  const search = document.querySelector("#text, [data-search]");
  if (event.key === "/" && search) { event.preventDefault(); search.focus(); search.select(); return; }
  if (event.key === "?") { document.getElementById("shortcuts")?.showModal(); return; }
  const link = before && document.querySelector(`[data-keys="${CSS.escape(before)} ${CSS.escape(event.key)}"]`);
  before = event.key;
  clearTimeout(forget);
  forget = setTimeout(() => { before = ""; }, 1200);
  if (link) { event.preventDefault(); location.href = link.href; }
}

/* Small helps. */
function click(event) {
  const copies = event.target.closest("[data-copy]");
  if (copies) {
    navigator.clipboard?.writeText(document.getElementById(copies.dataset.copy).textContent.trim());
    copies.textContent = "Copied";
  }
  if (event.target.closest("[data-shortcuts]")) {
    document.getElementById("me").hidePopover();
    document.getElementById("shortcuts").showModal();
  }
}

function change(event) {
  const one = event.target;
  if (one.matches("[data-shortcuts-on]")) {
    try { localStorage.setItem(KEY, one.checked ? "on" : "off"); } catch { /* it holds for this page */ }
  }
  if (one.matches("[data-submits]")) one.form.requestSubmit();
  if (one.matches("[data-all]")) {
    for (const box of document.querySelectorAll(`input[name="${CSS.escape(one.dataset.all)}"]`)) box.checked = one.checked;
  }
  if (one.matches("[data-all], [data-picks]")) count();
  if (one.matches("[data-shows]")) show(one.form);
}

/* How many rows of a list are picked; what can be done with them stands beside it. */
function count() {
  for (const bar of document.querySelectorAll("[data-picked]")) {
    const number = document.querySelectorAll("input[data-picks]:checked").length;
    bar.textContent = number ? `${number} picked` : bar.dataset.picked;
  }
}

/* Parts of a form that belong to one choice alone. */
function show(form) {
  for (const part of form.querySelectorAll("[data-when-chosen]")) {
    const [name, value] = part.dataset.whenChosen.split("=");
    const chosen = form.querySelector(`[name="${name}"]:checked, select[name="${name}"]`)?.value ?? "";
    part.hidden = !value.split("|").includes(chosen);
  }
}

function start(root) {
  localise(root);
  for (const form of root.querySelectorAll("form:has([data-shows])")) show(form);
}

document.addEventListener("DOMContentLoaded", () => {
  start(document);
  for (const one of document.querySelectorAll("[data-shortcuts]")) one.hidden = false;
  for (const one of document.querySelectorAll("[data-shortcuts-on]")) one.checked = on();
  document.querySelector("[data-search]")?.setAttribute("aria-keyshortcuts", "/");
  listen();
});
document.addEventListener("htmx:after:swap", () => { start(document); count(); });
document.addEventListener("keydown", press);
document.addEventListener("click", click);
document.addEventListener("change", change);
for (const left of ["mouseout", "focusout"]) {
  document.addEventListener(left, (event) => { if (event.target.closest?.(".rule")) delete document.documentElement.dataset.tips; });
}
document.addEventListener("visibilitychange", () => (document.hidden ? hush() : listen()));
for (const kind of ["pageswap", "pagereveal"]) { // a page that came too late for its transition just shows
  window.addEventListener(kind, ({ viewTransition }) => { viewTransition?.ready.catch(() => {}); });
}
window.addEventListener("pagehide", hush);
window.addEventListener("pageshow", listen);
for (const kind of ["pointerdown", "keydown"]) {
  document.addEventListener(kind, () => { used = Date.now(); listen(); }, { passive: true });
}
