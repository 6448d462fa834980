// What every page needs. Each page works without it.
"use strict";

const MENUS = "details.menu[open], details.card__move[open]";

document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input, textarea, select, [contenteditable]");
  if ((event.key === "k" && (event.ctrlKey || event.metaKey)) || (event.key === "/" && !typing)) {
    const search = document.getElementById("recherche");
    if (search) { event.preventDefault(); search.focus(); search.select(); }
  }
  // Enter in a field that adds to a list presses its button, and does not send the whole page.
  if (event.key === "Enter" && event.target.matches("[data-enter]")) {
    event.preventDefault();
    document.getElementById(event.target.dataset.enter).click();
  }
  if (event.key === "Escape") {
    const menu = event.target.closest(MENUS);
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
  }
});

// One menu open at a time; a click elsewhere closes it.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll(MENUS)) {
    if (!menu.contains(event.target) && !event.target.closest("dialog")) menu.open = false;
  }
  const dismiss = event.target.closest("[data-dismiss]");
  if (dismiss) {
    const box = dismiss.closest(".toast, dialog");
    if (box.open) box.close(); // and it goes, giving the focus back
    else box.remove();
  }
});

// A form sent twice by a double click is sent once.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || form.hasAttribute("hx-post")) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "1";
  const button = event.submitter;
  if (button) button.setAttribute("aria-busy", "true");
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  for (const button of document.querySelectorAll("button[aria-busy]")) button.removeAttribute("aria-busy");
});

// Filters apply as soon as they change; without script the form keeps its button.
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-autosubmit]");
  if (form) form.requestSubmit();
});

// A long form is folded for a phone; where there is room it lies open.
const roomy = window.matchMedia("(min-width: 48.01rem)");
function lay() {
  for (const fold of document.querySelectorAll("details[data-roomy]:not([data-laid])")) {
    fold.open ||= roomy.matches;
    fold.dataset.laid = "";
  }
}
lay();
for (const swapped of ["htmx:afterSwap", "htmx:oobAfterSwap"]) document.addEventListener(swapped, lay);

// What someone unfolded stays so when the panel around it is drawn again.
const unfolded = new Set();
for (const swapping of ["htmx:beforeSwap", "htmx:oobBeforeSwap"]) {
  document.addEventListener(swapping, (event) => {
    for (const fold of event.detail.target.querySelectorAll("details[id][open]")) unfolded.add(fold.id);
  });
}
for (const swapped of ["htmx:afterSwap", "htmx:oobAfterSwap"]) {
  document.addEventListener(swapped, () => {
    for (const id of unfolded) {
      const fold = document.getElementById(id);
      if (fold) fold.open = true;
    }
  });
}

// The address may point into a panel that comes after the page: go there once it is in.
let awaited = location.hash.slice(1);
document.addEventListener("htmx:afterSettle", () => {
  const target = awaited && document.getElementById(awaited);
  if (!target || target.hidden || target.querySelector("[aria-busy]")) return;
  awaited = "";
  for (let fold = target.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  target.scrollIntoView();
});
for (const kind of ["wheel", "touchstart", "keydown"]) {
  document.addEventListener(kind, () => { awaited = ""; }, { passive: true });
}

// A dialog opens on its first field, over no menu, and gives the focus back to what opened it.
let opener = null;
function show(dialog) {
  const menu = document.activeElement.closest(MENUS);
  if (menu) opener = menu.querySelector("summary");
  else if (document.activeElement !== document.body) opener = document.activeElement;
  for (const one of document.querySelectorAll(MENUS)) one.open = false;
  dialog.showModal();
  const field = dialog.querySelector(".dialog__body :is(input:not([type=hidden]), select, textarea)");
  if (field) field.focus();
}
document.addEventListener("close", (event) => {
  if (!event.target.matches("dialog[data-open]")) return;
  event.target.remove();
  if (opener && opener.isConnected) opener.focus();
  opener = null;
}, true);

// After a swap: dialogs open, the first refused field takes the focus, what changed is said.
document.addEventListener("htmx:afterSettle", (event) => {
  unfolded.clear();
  const dialog = event.target.querySelector("dialog[data-open]") || (event.target.matches("dialog[data-open]") ? event.target : null);
  if (dialog && !dialog.open) show(dialog);
  const refused = event.target.querySelector("[aria-invalid=true]");
  if (refused) refused.focus();
  // A button that went with what it did leaves the focus on the head of its panel.
  const { requestConfig, target } = event.detail;
  if (requestConfig && requestConfig.verb === "post" && target.id === event.target.id && document.activeElement === document.body) {
    const head = event.target.querySelector("h2[tabindex='-1']");
    if (head) head.focus({ preventScroll: true });
  }
});
document.addEventListener("announce", (event) => {
  const status = document.getElementById("annonce");
  if (status) status.textContent = event.detail.value || event.detail;
});

// Paper cannot be unfolded: what must be on it opens for the time of the print.
window.addEventListener("beforeprint", () => {
  for (const fold of document.querySelectorAll("details.is-printed:not([open])")) {
    fold.open = true;
    fold.dataset.printed = "";
  }
});
window.addEventListener("afterprint", () => {
  for (const fold of document.querySelectorAll("details[data-printed]")) {
    fold.open = false;
    delete fold.dataset.printed;
  }
});

// The browser’s own print: the button shows only where there is a script to answer it.
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
