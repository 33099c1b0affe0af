/* The shop asks once whether it may remember this browser; the tracking script keeps nothing before a yes.
   A no is kept for as long as the tab is open, so as not to ask on every page. */
(function () {
  "use strict";

  var bar = document.getElementById("consent");
  var visitor = document.querySelector("input[name=visitor]");

  function saidNo() {
    try { return sessionStorage.getItem("northside-remember") === "no"; } catch (error) { return true; }
  }

  function answer(event) {
    if (event.target.dataset.consent === "yes") {
      window.rapport.consent();
    } else {
      sessionStorage.setItem("northside-remember", "no");
    }
    bar.hidden = true;
  }

  if (!window.rapport) { return; }
  bar.hidden = window.rapport.refuses || window.rapport.remembers() || saidNo();
  bar.querySelectorAll("[data-consent]").forEach(function (button) {
    button.addEventListener("click", answer);
  });
  /* Whoever orders says whose browser this is. */
  if (visitor) {
    visitor.form.addEventListener("submit", function () {
      if (window.rapport.remembers()) { visitor.value = localStorage.getItem("rapport"); }
    });
  }
})();
