// The record: saves what was changed, and shows by itself what others change.

import { rep, write } from "./rep.js";
import { tabs } from "./tabs.js";

const REFRESH_MS = 2000;
const HIGHLIGHT_MS = 5000;
const CREATED = "emulator-created";

const form = document.getElementById("record");
if (form) start();

function start() {
  const id = form.dataset.id;
  const controls = [...form.querySelectorAll("[data-column]")];
  const status = document.getElementById("status");
  const save = document.getElementById("save");
  const state = document.getElementById("state");
  let row = null;
  let busy = false;
  let lost = false;
  let gone = false;

  // -- values of controls -----------------------------------------------------------------------

  function read(control) {
    switch (control.dataset.kind) {
      case "toggle":
        return control.dataset.unset ? null : control.checked;
      case "choice":
        return control.value === "" ? null : Number(control.value);
      default:
        return control.value === "" ? null : control.value;
    }
  }

  function fill(control, value, words) {
    switch (control.dataset.kind) {
      case "toggle":
        control.checked = value === true;
        if (value === null) control.dataset.unset = "yes";
        else delete control.dataset.unset;
        describe(control);
        break;
      case "words":
        control.value = words;
        break;
      default:
        control.value = value ?? "";
    }
    control.filled = read(control);
  }

  function describe(toggle) {
    const { unset, on, off } = toggle.dataset;
    toggle.nextElementSibling.textContent = unset ? "Not set" : toggle.checked ? on : off;
  }

  const writable = (control) => control.dataset.kind !== "words" && !control.hasAttribute("data-locked");
  const touched = (control) => writable(control) && read(control) !== control.filled;
  const version = (found) => Number(/\d+/.exec(found.etag)[0]);
  const labelOf = (control) => control.labels[0]?.textContent || control.dataset.column;

  function changes() {
    return Object.fromEntries(controls.filter(touched).map((c) => [c.dataset.column, read(c)]));
  }

  // -- what is said -----------------------------------------------------------------------------

  function say(text, kind = "") {
    status.textContent = text;
    status.className = kind;
  }

  function mark(element) {
    const place = element.closest(".field, .facts > span, h1") ?? element;
    place.classList.remove("changed");
    void place.offsetWidth; // Lets the highlight begin anew.
    place.classList.add("changed");
    setTimeout(() => place.classList.remove("changed"), HIGHLIGHT_MS);
    const panel = element.closest(".panel");
    if (panel?.hidden) document.querySelector(`[aria-controls=${panel.id}]`).classList.add("news");
  }

  // -- the row ----------------------------------------------------------------------------------

  function heading() {
    const name = document.getElementById("name");
    name.textContent = row.words.fullname || "(no name)";
    for (const shown of document.querySelectorAll("[data-words]")) {
      const column = shown.dataset.words;
      if (row && shown.textContent !== row.words[column]) shown.textContent = row.words[column];
      const bad = column === "donotbulkemail" ? row.values[column] === true : !row.active;
      shown.classList.toggle(column === "statecode" ? "off" : "no", bad);
    }
    document.querySelector("[data-by]").textContent = row.by;
    state.textContent = row.active ? "Deactivate" : "Activate";
    // As in the real thing, an inactive record can be looked at only.
    for (const control of controls.filter(writable)) control.disabled = !row.active || gone;
    save.disabled = busy || !row.active || gone;
    state.disabled = busy || gone;
  }

  /** Show a newer row; fields with edits of the rep keep them, save those in `saved`. */
  function show(newer, saved = {}) {
    const before = row;
    if (before && version(newer) < version(before)) return; // Asked for before the last save.
    row = newer;
    const [updated, kept] = [new Set(), new Set()];
    for (const control of controls) {
      const column = control.dataset.column;
      const [value, words] = [row.values[column], row.words[column]];
      const same = before && before.values[column] === value && before.words[column] === words;
      if (before && touched(control) && !(column in saved && read(control) === saved[column])) {
        if (!same) kept.add(labelOf(control));
        continue;
      }
      fill(control, value ?? null, words);
      if (before && !same && !(column in saved)) {
        mark(control);
        if (control.dataset.kind !== "words") updated.add(labelOf(control));
      }
    }
    heading();
    if (!before) return;
    for (const shown of document.querySelectorAll("[data-words]")) {
      const column = shown.dataset.words;
      if (before.values[column] !== row.values[column] && !(column in saved)) mark(shown);
    }
    tellOfOthers([...updated], [...kept]);
  }

  function tellOfOthers(updated, kept) {
    const parts = [];
    if (updated.length) parts.push(`${row.by} changed ${updated.join(", ")}.`);
    if (kept.length) parts.push(`${row.by} changed ${kept.join(", ")} too; your edit is kept until you save.`);
    if (parts.length) say(parts.join(" "), "news");
  }

  async function refresh(saved = {}) {
    const headers = row && !Object.keys(saved).length ? { "If-None-Match": row.etag } : {};
    let answer;
    try {
      answer = await fetch(`/rep/contacts/${id}/row`, { headers, cache: "no-store" });
    } catch {
      if (!lost) say("The emulator does not answer. This page keeps trying.", "bad");
      lost = true;
      return;
    }
    if (lost) say("The emulator answers again.");
    lost = false;
    if (answer.status === 404) {
      gone = true;
      heading();
      say("This contact was deleted.", "bad");
    } else if (answer.ok) {
      show(await answer.json(), saved);
    }
  }

  async function watch() {
    if (document.visibilityState === "visible" && !busy) await refresh();
    if (!gone) setTimeout(watch, REFRESH_MS);
  }

  // -- saving -----------------------------------------------------------------------------------

  async function working(work) {
    if (busy) return;
    busy = true;
    save.disabled = true;
    try {
      await work();
    } catch (problem) {
      say(problem.message, "bad");
    } finally {
      busy = false;
      if (row) heading();
      else save.disabled = false;
    }
  }

  async function put(values, done) {
    say("Saving…");
    await write("PATCH", `contacts(${id})`, values);
    say(`${done} as ${rep()}.`, "good");
    await refresh(values);
  }

  async function create(values) {
    say("Creating…");
    const answer = await write("POST", "contacts", values);
    const made = /\(([0-9a-f-]{36})\)$/.exec(answer.headers.get("OData-EntityId"))[1];
    for (const control of controls) control.filled = read(control);
    remember(rep());
    location.assign(`/rep/contacts/${made}${location.search}`);
  }

  function submit(event) {
    event.preventDefault();
    const values = changes();
    if (!Object.keys(values).length) {
      say(id ? "Nothing has changed, so nothing was saved." : "Enter a name or an e-mail first.");
      return;
    }
    working(() => (id ? put(values, "Saved") : create(values)));
  }

  // -- beginning --------------------------------------------------------------------------------

  for (const control of controls) {
    if (control.disabled) control.setAttribute("data-locked", "");
    if (control.dataset.kind !== "toggle") continue;
    control.addEventListener("change", () => {
      delete control.dataset.unset;
      describe(control);
    });
  }
  // A column may be shown twice; both controls say the same.
  form.addEventListener("input", ({ target }) => {
    for (const twin of controls) {
      if (twin === target || twin.dataset.column !== target.dataset.column || !writable(twin)) continue;
      if (target.type === "checkbox") {
        twin.checked = target.checked;
        delete twin.dataset.unset;
        describe(twin);
      } else {
        twin.value = target.value;
      }
    }
  });
  form.addEventListener("submit", submit);
  addEventListener("beforeunload", (event) => {
    if (controls.some(touched)) event.preventDefault();
  });
  tabs(form);
  if (!id) {
    for (const control of controls) control.filled = read(control);
    save.disabled = false;
    return;
  }
  state.addEventListener("click", () => {
    const [to, done] = row.active ? [1, "Deactivated"] : [0, "Activated"];
    working(() => put({ statecode: to }, done));
  });
  show(JSON.parse(form.dataset.row));
  const creator = recalled();
  if (creator) say(`Created as ${creator}.`, "good");
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible" && !busy && !gone) refresh();
  });
  setTimeout(watch, REFRESH_MS);
}

// -- the message that survives going to the new contact's page --------------------------------------

function remember(name) {
  try {
    sessionStorage.setItem(CREATED, name);
  } catch {
    // Only the message is lost.
  }
}

function recalled() {
  try {
    const name = sessionStorage.getItem(CREATED);
    sessionStorage.removeItem(CREATED);
    return name;
  } catch {
    return null;
  }
}
