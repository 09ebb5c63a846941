// Keys for everything that has one. A control says its key in `data-key`; a list says that its rows can be
// walked with `data-list`, and each row says where it leads (`data-open`) and where its preview is (`data-preview`).
// The page works without this file; it only saves the way to the mouse.
(() => {
  document.documentElement.classList.add("js");

  const typing = (element) => element.closest("input, textarea, select, [contenteditable]") !== null;
  const rows = () => [...document.querySelectorAll("[data-list] [data-open]")];
  const chosen = () => document.querySelector("[data-list] [aria-selected=true]");
  let selected = chosen()?.id ?? null;

  function select(row, quiet) {
    if (!row) return;
    for (const other of rows()) other.setAttribute("aria-selected", other === row);
    selected = row.id;
    if (!quiet) row.scrollIntoView({ block: "nearest" });
    const pane = document.getElementById("preview");
    if (pane && window.htmx && getComputedStyle(pane).display !== "none" && pane.dataset.shows !== row.id) {
      pane.dataset.shows = row.id;
      window.htmx.ajax("GET", row.dataset.preview, { target: "#preview", swap: "innerHTML" });
    }
  }

  function move(by) {
    const all = rows();
    if (all.length === 0) return;
    const at = all.findIndex((row) => row.id === selected);
    select(all[Math.min(all.length - 1, Math.max(0, at < 0 ? 0 : at + by))]);
  }

  function act(control) {
    if (control.matches("input, textarea, select")) control.focus();
    else if (control.matches("details")) control.open = !control.open;
    else control.click();
    // what was opened is gone on with from the keyboard
    if (control.matches("summary") && control.parentElement.open) control.parentElement.querySelector("input:not([type=hidden]), select, textarea")?.focus();
  }

  // as a click on the button of the form would: what is barred stays barred, and the browser checks what it checks
  function send(form) {
    const buttons = [...(form?.querySelectorAll("button:not([type=button])") ?? [])];
    (buttons.find((button) => button.matches(".primary")) ?? buttons[0])?.click();
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.repeat) { send(event.target.closest("form")); return; }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && typing(event.target)) { event.target.blur(); return; }
    if (typing(event.target) || document.querySelector("dialog[open]")) return;
    const key = event.key.toLowerCase();
    if (key === "?") {
      document.getElementById("keys")?.showModal();
    } else if (key === "j" || key === "k") {
      move(key === "j" ? 1 : -1);
    } else if (key === "enter" && event.target === document.body && chosen()) {
      location.href = chosen().dataset.open;
    } else {
      const control = [...document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)]
        .find((element) => element.checkVisibility());
      if (!control) return;
      act(control);
    }
    event.preventDefault();
  });

  // a click on a row, beside its links, selects it
  document.addEventListener("click", (event) => {
    const row = event.target.closest("[data-list] [data-open]");
    if (row && !event.target.closest("a, button, input")) select(row, true);
    const opener = event.target.closest("[data-dialog]");
    if (opener) { event.preventDefault(); document.getElementById(opener.dataset.dialog)?.showModal(); }
  });

  // choosers ask the server while one types; what is typed also counts without it
  let waiting = 0;
  document.addEventListener("input", (event) => {
    const field = event.target.closest("input[data-choose]");
    if (!field) return;
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      const answer = await fetch(`${field.dataset.choose}?q=${encodeURIComponent(field.value)}`);
      const list = document.getElementById(field.getAttribute("list"));
      if (!answer.ok || !list) return;
      list.replaceChildren(...(await answer.json()).map((text) => Object.assign(document.createElement("option"), { value: text })));
    }, 150);
  });

  // the preview of the first row comes after the list, where there is room for it
  document.addEventListener("DOMContentLoaded", () => select(chosen(), true));
  // a long menu shows where one is
  document.addEventListener("DOMContentLoaded", () => {
    // it is there twice, for wide and for narrow screens: what is not shown does not scroll
    for (const item of document.querySelectorAll(".rail .areas [aria-current]")) item.scrollIntoView({ block: "nearest" });
  });
  window.addEventListener("resize", () => select(chosen(), true));

  // after the list was refreshed, the selection stays where it was
  window.keepSelection = () => {
    if (!selected) return;
    for (const row of rows()) row.setAttribute("aria-selected", row.id === selected);
  };
})();
