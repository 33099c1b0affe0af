/* Puts a merge field where the cursor stands in the words of a message. */
(() => {
  "use strict";
  let last = null;

  document.addEventListener("focusin", (event) => {
    if (event.target.matches("form textarea, form input[type=text]")) last = event.target;
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-insert]");
    if (!button) return;
    const field = last || document.querySelector("textarea[name=body]");
    if (!field) return;
    field.setRangeText(button.dataset.insert, field.selectionStart, field.selectionEnd, "end");
    field.focus();
  });
})();
