/* A menu closes when something else is pressed, and with Escape; without this script it closes by its name. */
(() => {
  "use strict";
  const open = () => [...document.querySelectorAll("details.menu[open]")];

  document.addEventListener("click", (event) => {
    open().filter((menu) => !menu.contains(event.target)).forEach((menu) => { menu.open = false; });
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    open().forEach((menu) => {
      if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
      menu.open = false;
    });
  });
})();
