// Keeps what is on the screen true: clocks run here, and a change on the server refreshes the parts marked
// `data-live` (by their id), which htmx morphs so that focus and selection stay. After a lost connection the
// browser says the last event that it saw, and the server sends what came since.
(() => {
  const MINUTE = 60;
  function words(seconds) {
    const s = Math.abs(seconds);
    const days = Math.floor(s / 86400), hours = Math.floor((s % 86400) / 3600), minutes = Math.floor((s % 3600) / MINUTE);
    if (days > 0) return hours > 0 ? `${days} d ${hours} h` : `${days} d`;
    if (hours > 0) return minutes > 0 ? `${hours} h ${String(minutes).padStart(2, "0")}` : `${hours} h`;
    return `${minutes} min`;
  }

  function tick() {
    const now = Date.now() / 1000;
    for (const clock of document.querySelectorAll(".clock[data-due]")) {
      const due = Number(clock.dataset.due), start = Number(clock.dataset.start), risk = Number(clock.dataset.risk);
      const used = due > start ? Math.min(100, Math.max(0, (100 * (now - start)) / (due - start))) : 100;
      clock.classList.toggle("bad", now > due);
      clock.classList.toggle("risk", now <= due && used >= risk);
      clock.querySelector("rect")?.setAttribute("width", used.toFixed(0));
      clock.querySelector(".word").textContent = `${words(due - now)} ${now > due ? "over" : "left"}`;
    }
    for (const time of document.querySelectorAll("time[data-ago]")) {
      const seconds = now - Number(time.dataset.ago);
      time.textContent = seconds < MINUTE ? "just now" : `${words(seconds)} ago`;
    }
  }
  setInterval(tick, 10_000);
  tick();

  const root = document.querySelector("[data-events]");
  if (!root || !window.htmx || !window.EventSource) return;
  const wanted = root.dataset.events.split(" ");
  let due = 0;
  async function refresh() {
    due = 0;
    if (document.querySelector("dialog[open]")) return;
    for (const part of document.querySelectorAll("[data-live]")) {
      // a form that somebody is filling in is never taken away
      if (part.contains(document.activeElement) && document.activeElement.closest("form")) continue;
      await window.htmx.ajax("GET", part.dataset.live || location.href, { target: `#${part.id}`, select: `#${part.id}`, swap: "outerMorph" });
    }
    window.keepSelection?.();
    tick();
  }
  const source = new EventSource(root.dataset.from ? `/events?after=${root.dataset.from}` : "/events");
  source.addEventListener("changed", (event) => {
    const { type, reference } = JSON.parse(event.data);
    if (!wanted.includes(type) && !wanted.includes(reference)) return;
    if (!due) due = setTimeout(refresh, 400);
  });
  source.addEventListener("reset", () => { if (!due) due = setTimeout(refresh, 400); });
})();
