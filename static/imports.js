// The drop zone says which file it holds; without script the plain file field shows it.
"use strict";

document.addEventListener("change", (event) => {
  const drop = event.target.closest(".drop");
  const file = event.target.files && event.target.files[0];
  if (drop && file) drop.querySelector("[data-drop-name]").textContent = file.name;
});
