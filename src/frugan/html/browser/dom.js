// Elements without markup: whatever is given as a child becomes text, unless it is a node already.

export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key in element && typeof value !== "string") element[key] = value;
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function fill(element, ...children) {
  element.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// Figures that the program's own writer of HTML made, which escapes what comes from files.
export function figure(markup) {
  const parsed = new DOMParser().parseFromString(markup, "text/html");
  return [...parsed.body.childNodes].map((node) => document.adoptNode(node));
}

let numbered = 0;

export function field(label, control, help = "") {
  control.id ||= `field-${++numbered}`;
  const note = help ? el("small", { id: `${control.id}-help` }, help) : null;
  if (note) control.setAttribute("aria-describedby", note.id);
  return el("div", { class: "field" }, el("label", { for: control.id }, label), control, note);
}

export function slider(label, { min, max, step, value, shown = String, oninput, onchange }) {
  const output = el("output", {}, shown(Number(value)));
  const input = el("input", {
    type: "range", min: String(min), max: String(max), step: String(step), value: String(value),
    oninput: () => { output.textContent = shown(Number(input.value)); oninput?.(Number(input.value)); },
    onchange: () => onchange?.(Number(input.value)),
  });
  input.id = `field-${++numbered}`;
  return el("div", { class: "field" }, el("label", { for: input.id }, label, " ", output), input);
}

export function choice(options, value, onchange) {
  const select = el("select", { onchange: () => onchange?.(select.value) });
  for (const option of options) {
    const [key, text] = Array.isArray(option) ? option : [option, option];
    select.append(el("option", { value: String(key), selected: String(key) === String(value) }, text));
  }
  return select;
}

export function meter(part, label) {
  const bar = el("progress", { max: "1", value: String(part), "aria-label": label });
  return bar;
}

export function badge(text, kind = "") {
  return el("span", { class: kind }, text);
}

export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "";
  const minutes = Math.round(seconds / 60);
  if (seconds < 60) return `${Math.round(seconds)} s`;
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function missing(...text) {
  return el("p", { class: "missing" }, ...text);
}
