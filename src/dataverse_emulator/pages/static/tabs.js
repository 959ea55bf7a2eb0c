// Tabs of a form: one panel at a time, arrow keys between them, the chosen one kept in the address.

/** Without this script, or with a single tab, all panels are shown under each other. */
export function tabs(form) {
  const list = form.querySelector("[role=tablist]");
  const buttons = [...list.children];
  if (buttons.length < 2) return;

  // No element has this id, or the browser would scroll to it.
  const tag = (button) => `#${button.id.replace("-", "=")}`;

  function select(chosen) {
    for (const button of buttons) {
      const panel = document.getElementById(button.getAttribute("aria-controls"));
      const on = button === chosen;
      button.setAttribute("aria-selected", String(on));
      button.tabIndex = on ? 0 : -1;
      panel.hidden = !on;
      panel.setAttribute("role", "tabpanel");
      panel.setAttribute("aria-labelledby", button.id);
    }
    chosen.classList.remove("news");
    history.replaceState(null, "", `${location.pathname}${location.search}${tag(chosen)}`);
  }

  list.addEventListener("click", ({ target }) => buttons.includes(target) && select(target));
  list.addEventListener("keydown", (event) => {
    const at = buttons.indexOf(document.activeElement);
    const last = buttons.length - 1;
    const [next, previous] = [at === last ? 0 : at + 1, at ? at - 1 : last];
    const to = { ArrowRight: next, ArrowLeft: previous, Home: 0, End: last }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    buttons[to].focus();
    select(buttons[to]);
  });
  form.classList.add("tabbed");
  list.hidden = false;
  select(buttons.find((button) => tag(button) === location.hash) ?? buttons[0]);
}
