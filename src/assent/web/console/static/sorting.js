// Lists that are put in order by dragging; the buttons beside each row do the same for keys and without this.
"use strict";

function sortable(list) {
  const form = document.getElementById(list.dataset.sorts);
  list.classList.add("sorts");
  let row = null;
  let before = "";
  const order = () => [...list.querySelectorAll("[data-sort]")].map((one) => one.dataset.sort);

  list.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest(".grip");
    if (!grip || event.button !== 0) return;
    event.preventDefault();
    row = grip.closest("[data-sort]");
    before = order().join();
    row.classList.add("dragged");
    grip.setPointerCapture(event.pointerId);
  });
  list.addEventListener("pointermove", (event) => {
    if (!row) return;
    const over = [...list.querySelectorAll("[data-sort]")].find((one) => {
      const box = one.getBoundingClientRect();
      return one !== row && event.clientY > box.top && event.clientY < box.bottom;
    });
    if (!over) return;
    const box = over.getBoundingClientRect();
    const below = event.clientY > box.top + box.height / 2;
    over[below ? "after" : "before"](row);
  });
  for (const kind of ["pointerup", "pointercancel"]) {
    list.addEventListener(kind, () => {
      if (!row) return;
      row.classList.remove("dragged");
      row = null;
      if (order().join() === before) return;
      form.querySelector("[name=order]").value = order().join(" ");
      form.requestSubmit();
    });
  }
}

const known = new WeakSet();
function sortables() {
  for (const list of document.querySelectorAll("[data-sorts]")) {
    if (!known.has(list)) sortable(list);
    known.add(list);
    list.classList.add("sorts");
  }
}
document.addEventListener("DOMContentLoaded", sortables);
document.addEventListener("htmx:after:swap", sortables);
