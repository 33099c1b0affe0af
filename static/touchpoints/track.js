/* Tells Rapport which page is looked at.

   <script src="https://rapport.example.com/static/touchpoints/track.js"
           data-endpoint="https://rapport.example.com/t/visit" defer></script>

   It keeps nothing in the browser until rapport.consent() is called, or the visitor followed a link in a
   message and had agreed to be recognised; then one random key in localStorage, under "rapport". A cookie would
   travel with every request to the shop; this key is sent with visits only. rapport.forget() removes it.
   Global Privacy Control is honoured: nothing is kept and nobody is recognised. Pages that change their
   address without loading call rapport.visit(). */
(function () {
  "use strict";

  var script = document.currentScript;
  var endpoint = script.dataset.endpoint || new URL("/t/visit", script.src).href;
  var query = new URLSearchParams(location.search);
  var arrival = query.get("rv") || "";
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

  /* Text, not JSON, so that another origin needs no preflight; no cookie goes along. */
  function send(agreed) {
    return fetch(endpoint, {
      method: "POST",
      body: JSON.stringify(message(agreed)),
      headers: { "Content-Type": "text/plain" },
      credentials: "omit",
      keepalive: true
    }).then(function (answer) {
      return answer.ok ? answer.json() : {};
    }).then(function (answer) {
      if (answer.visitor && !refuses) { keep(answer.visitor); }
    }).catch(function () { /* a visit that cannot be told is lost, the page is not */ });
  }

  function visit() {
    last = newId();
    return send(false);
  }

  window.rapport = {
    visit: visit,
    /* The visitor agrees to be recognised, from this page on. */
    consent: function () { return refuses ? Promise.resolve() : told.then(function () { return send(true); }); },
    forget: function () { keep(""); },
    remembers: function () { return Boolean(stored()); },
    refuses: refuses
  };

  var told = visit();
  if (arrival) { history.replaceState(history.state, "", clean(location.href)); }
})();
