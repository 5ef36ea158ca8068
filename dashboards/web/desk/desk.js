// The inspection desk by keyboard: an item's key turns pass into fail and back; what is chosen is kept at once.
"use strict";
(() => {
  const form = document.querySelector("[data-judging]");
  if (!form) return;
  const told = form.querySelector("[data-saved]");
  let waiting = null, sending = Promise.resolve();

  const save = () => {
    waiting = null;
    const marks = new URLSearchParams(new FormData(form));
    sending = sending.then(() => fetch(form.getAttribute("action"), { method: "POST", body: marks }))
      .then((answer) => { if (!answer.ok) throw new Error(); told.textContent = form.dataset.wordSaved; })
      .catch(() => { told.textContent = form.dataset.wordUnsaved; });
  };
  form.addEventListener("change", () => { clearTimeout(waiting); waiting = setTimeout(save, 400); });
  form.addEventListener("submit", () => { clearTimeout(waiting); waiting = null; });
  // Leaving before it was kept: kept on the way out.
  addEventListener("pagehide", () => { if (waiting) navigator.sendBeacon(form.getAttribute("action"), new URLSearchParams(new FormData(form))); });

  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input:not([type=radio]), select, textarea")) return;
    const item = form.querySelector(`[data-item-key="${CSS.escape(event.key)}"]`);
    if (!item || !event.key) return;
    event.preventDefault();
    const pass = item.querySelector("[value=pass]"), fail = item.querySelector("[value=fail]");
    const next = pass.checked ? fail : pass;
    next.checked = true;
    next.focus();
    next.dispatchEvent(new Event("change", { bubbles: true }));
  });
})();
