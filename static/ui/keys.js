/* Keys: `/` find, `g` then a letter, `j` `k` rows, letters of buttons, `?` all keys.
   An element says its own key: data-key="n" or data-key="g c". Off inside fields, and without data-keys="on". */
(() => {
  const rows = () => [...document.querySelectorAll(".grid tbody a.go, .list a.go")].filter((link) => link.offsetParent);
  let waiting = "";

  const typing = (target) => target.closest("input, textarea, select, [contenteditable], dialog");

  const move = (by) => {
    const links = rows();
    const here = links.indexOf(document.activeElement);
    const next = links[here < 0 ? (by > 0 ? 0 : links.length - 1) : here + by];
    if (next) next.focus();
  };

  const use = (element) => {
    if (element.matches("input, textarea, select")) {
      element.focus();
      if (element.select) element.select();
    } else {
      element.click();
    }
  };

  document.addEventListener("keydown", (event) => {
    if (document.body.dataset.keys !== "on" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (typing(event.target)) {
      if (event.key === "Escape" && event.target.matches("input[type=search]")) event.target.blur();
      return;
    }
    const key = waiting ? `${waiting} ${event.key}` : event.key;
    waiting = "";
    if (key === "g") {
      waiting = "g";
      setTimeout(() => { waiting = ""; }, 1200);
    } else if (key === "j" || key === "k") {
      move(key === "j" ? 1 : -1);
    } else if (key === "?") {
      const dialog = document.getElementById("keys");
      if (dialog) dialog.dispatchEvent(new CustomEvent("ui:open"));
    } else {
      const element = [...document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)].find((one) => one.offsetParent);
      if (!element) return;
      use(element);
    }
    event.preventDefault();
  });
})();
