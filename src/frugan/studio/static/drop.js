// A place to drop files on, or to choose them by keyboard.

import { el } from "./dom.js";

export function dropZone(label, accept, multiple, taken) {
  const input = el("input", { type: "file", accept, multiple, "aria-label": label, onchange: () => { if (input.files.length) taken([...input.files]); input.value = ""; } });
  const zone = el("div", { class: "drop" }, el("p", {}, label), input);
  zone.addEventListener("dragover", (event) => { event.preventDefault(); zone.classList.add("over"); });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    const files = [...event.dataTransfer.files];
    if (files.length) taken(multiple ? files : files.slice(0, 1));
  });
  return zone;
}
