// The page of an exported model: its controls, the viewer, what is kept and what is saved.

import { choice, el, field, fill, slider } from "./dom.js";
import { Viewer } from "./viewer.js";
import { Coordinates } from "./coordinates.js";
import { Favourites } from "./favourites.js";
import { Session } from "./session.js";
import { LARGEST_SEED, read, resolved, written } from "./wish.js";

const place = (id) => document.getElementById(id);
if (!globalThis.fruganModel) place("state").textContent = "model.js is missing here. Copy the whole folder.";
const { description: text, pieces } = globalThis.fruganModel;
const description = JSON.parse(text), [WIDTH, HEIGHT] = description.size;
const TILE = 256, LARGEST_DOWNLOAD = 4096, THUMBNAIL = 96;

let wish = read(location.hash, description.classes), viewer = null, painter = null;

function note(error) {
  const said = el("p", {}, error.message ?? String(error), " ", el("button", { type: "button", onclick: () => said.remove() }, "Close"));
  place("notes").replaceChildren(said);
}

const picture = (which = wish) => painter.picture(resolved(which, description));

const name = ({ seed, other, part, truncation, label }) => [
  `Seed ${seed}`, part > 0 && `${Math.round(100 * part)} % towards ${other}`, truncation !== 1 && `truncation ${truncation}`, label !== "" && description.classes[label],
].filter(Boolean).join(", ");

// Keeps the picture and the view in the address, which brings both back.
function keepAddress() { history.replaceState(null, "", `#${[written(wish), viewer.text()].filter(Boolean).join("&")}`); }

function redraw() {
  const drawn = picture();
  viewer.canvas.setAttribute("aria-label", `${name(wish)}. Arrow keys move, + and - zoom, [ and ] turn, 0 shows all.`);
  viewer.change((view, signal) => painter.tile(drawn, view, signal));
  keepAddress();
}

function change(changes) { wish = { ...wish, ...changes }; redraw(); }

function seedField(label, key) {
  const input = el("input", {
    type: "number", min: "0", max: String(LARGEST_SEED), step: "1", value: String(wish[key]),
    onchange: () => {
      input.value = String(Math.min(Math.max(0, Math.floor(Number(input.value) || 0)), LARGEST_SEED));
      change({ [key]: Number(input.value) });
    },
  });
  return field(label, input);
}

function controls() {
  const classes = [["", "the seed's own"], ...description.classes.map((each, i) => [String(i), each])];
  const another = () => { change({ seed: Math.floor(Math.random() * 1e6) }); showControls(); };
  return [
    el("div", { class: "with-button" }, seedField("Seed", "seed"), el("button", { type: "button", onclick: another }, "Another")),
    slider("Truncation", { min: 0, max: 1.5, step: 0.05, value: wish.truncation, shown: (v) => v.toFixed(2), onchange: (v) => change({ truncation: v }) }),
    description.classes.length ? field("Class", choice(classes, wish.label, (v) => change({ label: v }))) : null,
    seedField("Towards seed", "other"),
    slider("On the way there", { min: 0, max: 1, step: 0.01, value: wish.part, shown: (v) => `${Math.round(100 * v)} %`, onchange: (v) => change({ part: v }) }),
  ];
}

const showControls = () => fill(place("controls"), controls());

// All of a picture at a width, as a canvas.
async function whole(drawn, width, told = () => {}) {
  const size = [width, Math.max(1, Math.round((width * HEIGHT) / WIDTH))];
  const canvas = Object.assign(document.createElement("canvas"), { width: size[0], height: size[1] }), context = canvas.getContext("2d");
  for (let y = 0; y < size[1]; y += TILE) {
    for (let x = 0; x < size[0]; x += TILE) {
      told((y * size[0] + x * TILE) / (size[0] * size[1]));
      const part = await painter.tile(drawn, { whole: size, corner: [x, y], size: [Math.min(TILE, size[0] - x), Math.min(TILE, size[1] - y)], supersample: 1 });
      if (part instanceof ImageData) context.putImageData(part, x, y); else context.drawImage(part, x, y);
    }
  }
  return canvas;
}

async function save(canvas, suffix = "") {
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  const link = el("a", { href: URL.createObjectURL(blob), download: `seed-${wish.seed}${suffix}.png` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

function working(button, does) {
  button.onclick = async () => {
    button.disabled = true;
    try { await does(); } catch (error) { note(error); } finally { button.disabled = false; }
  };
  return button;
}

function saving(favourites) {
  const told = el("span", { role: "status" });
  const width = el("input", { type: "number", min: "1", max: String(LARGEST_DOWNLOAD), value: String(WIDTH) });
  const keep = el("button", {
    type: "button", class: "main",
    onclick: () => { told.textContent = favourites.add(location.hash.slice(1)) ? "Kept." : "Kept until this page is closed: the browser stores nothing for it."; },
  }, "Keep");
  const download = working(el("button", { type: "button" }, "Download the picture"), async () => {
    const wanted = painter.zooms ? Math.min(Math.max(1, Math.round(Number(width.value) || WIDTH)), LARGEST_DOWNLOAD) : WIDTH;
    await save(await whole(picture(), wanted, (part) => { told.textContent = `Drawing, ${Math.round(100 * part)} % ...`; }));
    told.textContent = "";
  });
  const view = working(el("button", { type: "button" }, "Download this view"), () => save(viewer.canvas, "-view"));
  return [keep, view, painter.zooms ? field("Width in pixels", width) : null, download, told];
}

function aboutShading() {
  if (!painter.zooms) return [];
  const options = [["", "the graphics card, if there is one"], ["WebGL2", "WebGL2"], ["JavaScript", "JavaScript"]];
  return [field("Computed by", choice(options, wish.by, async (by) => {
    try { await painter.open(by); wish.by = by; redraw(); tell(); } catch (error) { note(error); }
  }))];
}

function tell(seconds = null) {
  const first = seconds === null ? "" : ` First picture after ${seconds.toFixed(2)} s.`;
  const levels = painter.difference < 1.5 ? "as in Python" : `up to ${painter.difference.toFixed(1)} grey levels off Python's`;
  place("state").textContent = `${painter.shader.name} draws, ${levels}.${first}`;
}

async function start() {
  if (description.kind === "session" && location.protocol === "file:") {
    throw new Error("A page that was opened as a file may not read the model. Type `python -m http.server` in its folder, and open http://localhost:8000.");
  }
  painter = await (description.kind === "session" ? new Session(description) : new Coordinates(description, pieces)).open(wish.by);
  showControls();
  fill(place("shading"), aboutShading());
  const drawn = picture();
  let isFirst = true;
  viewer = new Viewer(place("viewer"), {
    size: description.size, label: name(wish), largest: painter.zooms ? 2 ** 20 : Math.max(2048, 16 * WIDTH, 16 * HEIGHT), pixelated: !painter.zooms,
    onproblem: note, onview: keepAddress,
    source: async (view, signal) => {
      const tile = await painter.tile(drawn, view, signal);
      if (isFirst) { isFirst = false; tell(performance.now() / 1000); }
      return tile;
    },
  });
  viewer.read(location.hash);
  const favourites = new Favourites(place("favourites"), {
    name: description.fingerprint, describe: (kept) => name(read(kept, description.classes)),
    draw: (kept) => whole(picture(read(kept, description.classes)), THUMBNAIL),
    open: (kept) => { wish = { ...read(kept, description.classes), by: wish.by }; showControls(); redraw(); viewer.reset(); viewer.read(kept); },
  });
  fill(place("actions"), saving(favourites));
  window.addEventListener("hashchange", () => { wish = { ...read(location.hash, description.classes), by: wish.by }; showControls(); viewer.read(location.hash); redraw(); });
}

start().catch((error) => { place("state").textContent = error.message; });
