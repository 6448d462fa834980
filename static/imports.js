// The drop zone says which file it holds; without script the plain file field shows it.
"use strict";

function nameTheFile(field) {
  const drop = field.closest(".drop");
  const file = field.files && field.files[0];
  if (drop && file) drop.querySelector("[data-drop-name]").textContent = file.name;
}

document.addEventListener("change", (event) => nameTheFile(event.target));
// A file chosen before this script ran, or kept by the browser when one comes back.
document.querySelectorAll(".drop input[type=file]").forEach(nameTheFile);
