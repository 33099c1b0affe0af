/* Rows of the strategy are dragged by their handle; where they are dropped is saved. Buttons do the same. */
(() => {
  "use strict";
  const body = () => document.getElementById("strategy-rows");
  let dragged = null;

  const rowOf = (target) => target.closest && target.closest("tr[data-rule]");

  const clear = () => body().querySelectorAll("tr").forEach((row) => row.classList.remove("is-dragged", "is-above", "is-below"));

  const isBelow = (row, event) => {
    const box = row.getBoundingClientRect();
    return event.clientY > box.top + box.height / 2;
  };

  document.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest(".grip");
    const row = grip && rowOf(grip);
    if (row && body() && body().dataset.order) row.draggable = true;
  });

  document.addEventListener("pointerup", () => {
    if (body()) body().querySelectorAll("tr[draggable]").forEach((row) => row.removeAttribute("draggable"));
  });

  document.addEventListener("dragstart", (event) => {
    dragged = rowOf(event.target);
    if (!dragged) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged.dataset.rule);
    dragged.classList.add("is-dragged");
  });

  document.addEventListener("dragover", (event) => {
    const row = dragged && rowOf(event.target);
    if (!row) return;
    event.preventDefault();
    body().querySelectorAll("tr").forEach((each) => each.classList.remove("is-above", "is-below"));
    if (row !== dragged) row.classList.add(isBelow(row, event) ? "is-below" : "is-above");
  });

  document.addEventListener("drop", (event) => {
    const row = dragged && rowOf(event.target);
    if (!row) return;
    event.preventDefault();
    if (row !== dragged) {
      row[isBelow(row, event) ? "after" : "before"](dragged);
      save();
    }
  });

  document.addEventListener("dragend", () => {
    if (dragged) dragged.removeAttribute("draggable");
    dragged = null;
    if (body()) clear();
  });

  const save = () => {
    const rules = [...body().querySelectorAll("tr[data-rule]")].map((row) => row.dataset.rule);
    htmx.ajax("POST", body().dataset.order, { target: "#strategy-rows", swap: "innerHTML", values: { rule: rules } });
  };

  /* A moved row keeps its menu open, with the focus on the button that moved it, so that it can be moved on:
     once its buttons are known to htmx. */
  document.addEventListener("htmx:afterSettle", (event) => {
    const button = event.detail.requestConfig.triggeringEvent && event.detail.requestConfig.triggeringEvent.submitter;
    const again = button && button.id && document.getElementById(button.id);
    if (!again) return;
    const menu = again.closest("details");
    if (menu) menu.open = true;
    const other = document.getElementById(again.id.replace(/^(up|down)/, (way) => (way === "up" ? "down" : "up")));
    (getComputedStyle(again).display === "none" ? other : again).focus();
  });
})();
