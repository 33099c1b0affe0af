/* A toast leaves after six seconds, unless it is hovered, focused, or tells of an error. */
(() => {
  const wait = 6000;

  const watch = (toast) => {
    if (toast.dataset.watched || toast.classList.contains("toast-bad")) return;
    toast.dataset.watched = "yes";
    let timer;
    const leave = () => { timer = setTimeout(() => toast.remove(), wait); };
    const stay = () => clearTimeout(timer);
    toast.addEventListener("mouseenter", stay);
    toast.addEventListener("focusin", stay);
    toast.addEventListener("mouseleave", leave);
    toast.addEventListener("focusout", leave);
    leave();
  };

  const region = document.getElementById("toasts");
  if (!region) return;
  const all = () => region.querySelectorAll("[data-toast]").forEach(watch);
  new MutationObserver(all).observe(region, { childList: true, subtree: true });
  all();
})();
