// Moving cards with the mouse. The menu of each card does the same by keyboard, by touch and without script.
"use strict";

let dragged = null;

function laneOf(event) {
  return event.target.closest && event.target.closest(".lane[data-stage]");
}

function unmark() {
  for (const lane of document.querySelectorAll(".lane.is-over")) lane.classList.remove("is-over");
}

document.addEventListener("dragstart", (event) => {
  const card = event.target.closest && event.target.closest(".card[draggable=true]");
  if (!card) return;
  dragged = card;
  card.classList.add("is-dragged");
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", card.id);
});

document.addEventListener("dragend", () => {
  if (dragged) dragged.classList.remove("is-dragged");
  dragged = null;
  unmark();
});

document.addEventListener("dragover", (event) => {
  const lane = dragged && laneOf(event);
  if (!lane) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = "move";
  if (!lane.classList.contains("is-over")) { unmark(); lane.classList.add("is-over"); }
});

document.addEventListener("drop", (event) => {
  const lane = dragged && laneOf(event);
  if (!lane) return;
  event.preventDefault();
  const card = dragged;
  if (card.closest(".lane") === lane) return;
  const menu = card.querySelector(".card__move > summary");
  if (menu) menu.focus({ preventScroll: true }); // a dialog that is left comes back here
  // The card stays where it is until the server has moved it: a refusal has nothing to put back.
  htmx.ajax("POST", card.dataset.url, {
    source: card, target: card, swap: "outerHTML",
    values: { stage: lane.dataset.stage, from: card.dataset.stage },
  });
});

// The one who moved a card goes on from there.
document.addEventListener("cardmoved", (event) => {
  const card = document.getElementById(event.detail.card);
  const summary = card && card.querySelector(".card__move > summary");
  const fold = card && card.closest("details.lane__fold:not([open])");
  const control = fold ? fold.querySelector("summary") : summary;
  if (control) control.focus();
});
