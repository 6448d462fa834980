// What is typed in the form of an exchange outlives a reload or a call that takes the screen.
// The tab forgets it when it closes: notes about a company do not stay on a borrowed phone.
"use strict";

const visit = document.getElementById("visite");
const note = document.getElementById("brouillon");
const key = `etabli-echange-${location.search}`;
const kept = ["summary", "follow_up_title", "project_title", "person"];
const refused = visit.querySelector("[aria-invalid=true]");

function write(draft) {
  try { sessionStorage.setItem(key, JSON.stringify(draft)); return true; } catch { return false; }
}

function typed() {
  const fields = kept.map((name) => visit.elements[name]).filter((field) => field && field.value);
  return Object.fromEntries(fields.map((field) => [field.name, field.value]));
}

function restore() {
  let draft = {};
  try { draft = JSON.parse(sessionStorage.getItem(key)) || {}; } catch { /* Nothing to restore. */ }
  if (draft.sent) { write({}); return; }
  for (const name of kept) {
    const field = visit.elements[name];
    if (!field || field.value || !draft[name]) continue;
    field.value = draft[name];
    note.textContent = "Brouillon retrouvé";
  }
}

if (!refused) restore();
visit.addEventListener("input", () => { if (write(typed())) note.textContent = "Brouillon gardé"; });
visit.addEventListener("submit", () => write({ ...typed(), sent: true }));
