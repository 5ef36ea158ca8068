// What a page gains by script, and can do without: live parts, countdowns, keys. No state is kept here.
"use strict";
(() => {
  const body = document.body;

  // Countdowns: <time data-countdown datetime="…">. Shown as days and hours, or hours and minutes.
  const two = (n) => String(n).padStart(2, "0");
  const count = () => {
    for (const it of document.querySelectorAll("[data-countdown]")) {
      const left = Math.floor((Date.parse(it.getAttribute("datetime")) - Date.now() - skew) / 1000);
      const size = Math.abs(left), days = Math.floor(size / 86400);
      const clock = `${two(Math.floor(size / 3600) % 24)}:${two(Math.floor(size / 60) % 60)}`;
      const text = (days ? `${days} ${body.dataset.wordDays} ` : "") + clock;
      it.textContent = left < 0 ? `${body.dataset.wordOver} ${text}` : text;
      it.classList.toggle("over", left < 0);
    }
  };
  // The tower's clock rules: a phone that is wrong, or a simulated day, must not shift a deadline.
  const shown = document.querySelector(".foot time");
  const skew = shown ? Date.parse(shown.getAttribute("datetime")) - Date.now() : 0;
  if (document.querySelector("[data-countdown]")) { count(); setInterval(count, 15000); }

  // Live parts: each [data-live="topic …"][id] is fetched again when one of its topics has moved on.
  const parts = () => [...document.querySelectorAll("[data-live][id]")];
  let waiting = null;
  const again = async (topics) => {
    waiting = null;
    const wanted = parts().filter((part) => part.dataset.live.split(" ").some((topic) => topics.has(topic)));
    if (!wanted.length || document.activeElement?.closest("[data-live] form")) return;
    const answer = await fetch(location.href, { headers: { accept: "text/html" } }).catch(() => null);
    if (!answer || !answer.ok || answer.redirected) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of wanted) {
      const now = fresh.getElementById(part.id);
      if (now && now.innerHTML !== part.innerHTML) { part.replaceWith(now); now.classList.add("moved"); }
    }
    count();
    document.dispatchEvent(new Event("farsight:again"));
  };
  if (body.dataset.liveFrom && parts().length && window.EventSource) {
    const topics = new Set();
    const source = new EventSource(body.dataset.liveFrom);
    source.addEventListener("moved", (event) => {
      event.data.split(" ").forEach((topic) => topics.add(topic));
      waiting ??= setTimeout(() => { const told = new Set(topics); topics.clear(); again(told); }, 400);
    });
    addEventListener("pagehide", () => source.close());
  }

  // Filters are sent as they are chosen.
  for (const form of document.querySelectorAll("form.filters"))
    for (const choice of form.querySelectorAll("select")) choice.addEventListener("change", () => form.requestSubmit());

  // Keys: "/" to search; [data-key] is pressed by its key, unless somebody types.
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
    if (event.key === "/" && document.getElementById("q")) { event.preventDefault(); document.getElementById("q").focus(); return; }
    const it = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (it) { event.preventDefault(); it.focus(); it.click(); }
  });

  // A second act: <form data-confirm="…"> asks before it is sent.
  addEventListener("submit", (event) => {
    const text = event.target.dataset?.confirm;
    if (text && !confirm(text)) event.preventDefault();
  });
})();
