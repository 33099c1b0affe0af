/* Tells Rapport which page is looked at.

   <script src="https://rapport.example.com/static/touchpoints/track.js"
           data-endpoint="https://rapport.example.com/t/visit" defer></script>

   It keeps nothing in the browser until rapport.consent() is called, or the visitor followed a link in a
   message and had agreed to be recognised; then one random key in localStorage, under "rapport". A cookie would
   travel with every request to the shop; this key is sent with visits only. rapport.forget() removes it.
   Global Privacy Control is honoured: nothing is kept and nobody is recognised. Pages that change their
   address without loading call rapport.visit().

   It fills the page's places with the panels that are meant for a visitor who is recognised:

   <div data-rapport-slot="home"></div>

   Each stands in a shadow tree of its own, so that neither its looks nor the page's touch the other. What the
   page itself has put into a place is shown whenever there is no panel; a place that is filled has the
   attribute data-rapport-shown. */
(function () {
  "use strict";

  var script = document.currentScript;
  var endpoint = new URL(script.dataset.endpoint || "/t/visit", script.src).href;
  var query = new URLSearchParams(location.search);
  var arrival = query.get("rv") || script.dataset.arrival || "";
  var refuses = navigator.globalPrivacyControl === true;
  var last = "";

  function stored() {
    try { return localStorage.getItem("rapport") || ""; } catch (error) { return ""; }
  }

  function keep(key) {
    try {
      if (key) { localStorage.setItem("rapport", key); } else { localStorage.removeItem("rapport"); }
    } catch (error) { /* a browser that keeps nothing is asked again next time */ }
  }

  function newId() {
    if (crypto.randomUUID) { return crypto.randomUUID(); }
    var bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 15) | 64;
    bytes[8] = (bytes[8] & 63) | 128;
    var hex = Array.from(bytes, function (byte) { return byte.toString(16).padStart(2, "0"); }).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  }

  /* The arrival names a person: a copied address must not carry it to somebody else. */
  function clean(address) {
    var url = new URL(address);
    url.searchParams.delete("rv");
    return url.href;
  }

  function message(agreed) {
    var told = {
      visit: last,
      url: clean(location.href).slice(0, 2000),
      path: location.pathname.slice(0, 500),
      title: document.title.slice(0, 300),
      referrer: document.referrer.slice(0, 2000)
    };
    ["utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"].forEach(function (name) {
      if (query.get(name)) { told[name] = query.get(name).slice(0, 200); }
    });
    if (!refuses) {
      told.rv = arrival;
      told.key = stored();
      told.agreed = agreed;
    }
    return told;
  }

  /* Text, not JSON, so that another origin needs no preflight; no cookie goes along. What cannot be told is
     lost, the page is not. */
  function post(address, told) {
    return fetch(address, {
      method: "POST",
      body: JSON.stringify(told),
      headers: { "Content-Type": "text/plain" },
      credentials: "omit",
      keepalive: true
    }).then(function (answer) {
      return answer.ok && answer.status !== 204 ? answer.json() : {};
    }).catch(function () { return {}; });
  }

  function send(agreed) {
    return post(endpoint, message(agreed)).then(function (answer) {
      if (answer.visitor && !refuses) { keep(answer.visitor); }
    });
  }

  function visit() {
    last = newId();
    panels();
    return send(false);
  }

  /* A sheet that is made, not written into the page: no policy of the page's has to allow it. */
  function looks() {
    var sheet = new CSSStyleSheet();
    sheet.replaceSync(
      "section{box-sizing:border-box;padding:1rem 1.25rem;border-radius:.5rem;line-height:1.45;" +
      "text-align:start;border:1px solid color-mix(in srgb,currentColor 22%,transparent);" +
      "background:color-mix(in srgb,currentColor 4%,transparent)}" +
      "h2{margin:0 0 .375rem;font:inherit;font-size:1.125em;font-weight:600;line-height:1.25}" +
      "p,ul,ol{margin:0 0 .625rem}ul,ol{padding-inline-start:1.25rem}li{margin:.125rem 0}a{color:inherit}" +
      "img{display:block;max-width:100%;height:auto;border-radius:.375rem}" +
      "a.button{display:inline-block;padding:.5rem 1rem;border-radius:.375rem;font-weight:600;" +
      "text-decoration:none;color:#fff;background:var(--rapport-colour)}" +
      "button{all:unset;cursor:pointer;padding:.25rem 0;font-size:.875em;text-decoration:underline}" +
      ":focus-visible{outline:2px solid currentColor;outline-offset:2px}");
    return sheet;
  }

  function show(place, panel) {
    place.toggleAttribute("data-rapport-shown", Boolean(panel));
    if (!panel && !place.shadowRoot) { return; }
    var root = place.shadowRoot || place.attachShadow({ mode: "open" });
    if (!panel) { root.replaceChildren(document.createElement("slot")); return; }
    var box = document.createElement("section");
    var heading = document.createElement("h2");
    var words = document.createElement("div");
    var button = document.createElement("button");
    box.lang = panel.language;
    box.setAttribute("aria-label", heading.textContent = panel.heading);
    words.innerHTML = panel.html;
    button.type = "button";
    button.textContent = panel.away;
    button.addEventListener("click", function () {
      show(place, null);
      post(new URL("panels/away", endpoint), { token: panel.token });
    });
    box.append(heading, words, button);
    box.style.setProperty("--rapport-colour", panel.colour);
    root.adoptedStyleSheets = [looks()];
    root.replaceChildren(box);
  }

  function panels() {
    var places = Array.from(document.querySelectorAll("[data-rapport-slot]"));
    if (refuses || !places.length || !(arrival || stored())) { return Promise.resolve(); }
    var names = places.map(function (place) { return place.dataset.rapportSlot; });
    return post(new URL("panels", endpoint), { rv: arrival, key: stored(), slots: names }).then(function (answer) {
      places.forEach(function (place) {
        show(place, (answer.panels || []).find(function (panel) { return panel.slot === place.dataset.rapportSlot; }));
      });
    });
  }

  window.rapport = {
    visit: visit,
    panels: panels,
    /* The visitor agrees to be recognised, from this page on. */
    consent: function () { return refuses ? Promise.resolve() : told.then(function () { return send(true); }); },
    forget: function () { keep(""); },
    remembers: function () { return Boolean(stored()); },
    refuses: refuses
  };

  /* A page that knows its visitor by itself says so, and is no page of the shop: it tells no visit. */
  var told = "quiet" in script.dataset ? panels() : visit();
  if (query.get("rv")) { history.replaceState(history.state, "", clean(location.href)); }
})();
