/* A dialog opens as a popover without this script. With it, it is modal: focus stays inside, Escape closes. */
(() => {
  const open = (dialog) => {
    if (dialog.open) return;
    dialog.removeAttribute("popover");
    dialog.showModal();
  };

  const close = (dialog) => {
    if (dialog.open) dialog.close();
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-dialog]");
    if (button) {
      const dialog = document.getElementById(button.getAttribute("popovertarget"));
      event.preventDefault();
      if (button.dataset.dialog === "close") close(dialog);
      else open(dialog);
    } else if (event.target.matches("dialog[open]:modal")) {
      const box = event.target.getBoundingClientRect();
      const inside = event.clientX > box.left && event.clientX < box.right
        && event.clientY > box.top && event.clientY < box.bottom;
      if (!inside) close(event.target);
    }
  });

  document.addEventListener("ui:open", (event) => open(event.target), true);
})();
