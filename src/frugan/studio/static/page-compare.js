// Two or more models, or snapshots: the same seeds beside each other, their numbers, and what differs in their settings.
// What is chosen is a place, or a place and a snapshot of it: "0/mine@16000".

import { el, field, fill, missing, slider } from "./dom.js";
import { address, bitmap, get, note, picture } from "./api.js";
import { Viewer } from "./viewer.js";

export const title = "Compare";
const MOST = 6, SEEDS = 12;

export async function show(main, query) {
  const { entries } = await get("/api/home");
  const models = entries.filter((entry) => entry.has_sampler && entry.state !== "damaged");
  const chosen = new Set((query.get("places") ?? "").split(",").filter(Boolean));
  const state = { seed: Number(query.get("seed") ?? 0), truncation: Number(query.get("truncation") ?? 1) };
  const shown = el("div", {}), tables = el("div", {});
  const keep = () => history.replaceState(null, "", address("/compare", { places: [...chosen], ...state }));
  if (models.length === 0) { fill(main, el("h1", {}, "Compare"), missing("There is no model here yet. ", el("a", { href: "/new" }, "Train one"), ".")); return; }

  const boxes = models.map((entry) => {
    const box = el("input", { type: "checkbox", checked: chosen.has(entry.place), onchange: () => {
      if (box.checked && chosen.size >= MOST) { box.checked = false; note(`At most ${MOST} can be compared.`); return; }
      if (box.checked) chosen.add(entry.place); else chosen.delete(entry.place);
      keep();
      draw().catch(note);
    } });
    return el("label", { class: "radio" }, box, `${entry.name} (${entry.recipe || entry.kind})`);
  });
  const seed = el("input", { type: "number", min: "0", max: String(2 ** 32 - 1), value: String(state.seed), onchange: () => { state.seed = Math.max(0, Math.floor(Number(seed.value) || 0)); keep(); draw().catch(note); } });
  fill(main, el("h1", {}, "Compare"), el("fieldset", {}, el("legend", {}, "Models"), el("div", { class: "controls" }, boxes)),
    el("div", { class: "controls" }, field("Seed", seed), slider("Truncation", { min: 0, max: 1.5, step: 0.05, value: state.truncation, shown: (v) => v.toFixed(2), onchange: (v) => { state.truncation = v; keep(); draw().catch(note); } })),
    shown, tables);

  // Snapshots of a model to compare with; of a snapshot, the way to leave it out.
  function others(place, model) {
    const snapshots = model.snapshot ? [] : model.facts.snapshots.filter((nimg) => nimg > 0 && !chosen.has(`${place}@${nimg}`));
    const change = (action) => { action(); keep(); draw().catch(note); };
    if (model.snapshot) return el("button", { type: "button", onclick: () => change(() => chosen.delete(place)) }, `Leave out ${model.name}`);
    if (snapshots.length === 0 || chosen.size >= MOST) return null;
    const choice = el("select", { "aria-label": `Compare with a snapshot of ${model.name}`, onchange: () => change(() => chosen.add(`${place}@${choice.value}`)) },
      el("option", { value: "" }, "compare with a snapshot"), snapshots.map((nimg) => el("option", { value: String(nimg) }, `at ${nimg / 1000} kimg`)));
    return choice;
  }

  async function opened(item) {
    const [place, snapshot] = models.some((entry) => entry.place === item) ? [item, ""] : item.split(/@(?=\d+$)/);
    const model = await get("/api/model", { place, snapshot: snapshot ?? "" });
    return { ...model, snapshot, name: snapshot ? `${model.name} at ${snapshot / 1000} kimg` : model.name };
  }

  async function draw() {
    const places = [...chosen];
    if (places.length < 1) { fill(shown, missing("Choose two models or more, or one and its snapshots.")); fill(tables); return; }
    const loaded = await Promise.all(places.map(opened));
    const viewers = [];
    const frames = loaded.map((model, i) => {
      const frame = el("div", { class: "viewer" });
      return { model, frame, element: el("figure", {}, el("figcaption", {}, `${model.name}, seed ${state.seed} `, others(places[i], model)), frame) };
    });
    fill(shown, el("section", {}, el("h2", {}, "The same seed, zoomed together"), el("div", { class: "viewers" }, frames.map((each) => each.element))),
      el("section", {}, el("h2", {}, "More seeds"), loaded.map((model) => el("figure", {}, el("figcaption", {}, model.name), el("div", { class: "strip" },
        Array.from({ length: SEEDS }, (_, i) => state.seed + i).map((each) => el("img", { src: picture(model.place, model.stamp, { seed: each, truncation: state.truncation, snapshot: model.snapshot }), alt: `${model.name}, seed ${each}`, loading: "lazy" })))))));
    for (const { model, frame } of frames) {
      const viewer = new Viewer(frame, {
        size: model.facts.size, source: sourceOf(model, state), label: `${model.name}, seed ${state.seed}`, onproblem: note, pixelated: true,
        largest: 2 ** 20,
        onview: (view) => { for (const other of viewers) if (other !== viewer) other.set({ ...view, scale: (view.scale / viewer.fitted()) * other.fitted() }, { silent: true }); },
      });
      viewers.push(viewer);
    }
    drawTables(tables, await get("/api/compare", { places }));
  }
  await draw();
}

// Tiles of a generator of coordinates; of others, cuts of their one picture.
function sourceOf(model, state) {
  const asked = { place: model.place, stamp: model.stamp, seed: state.seed, truncation: state.truncation, snapshot: model.snapshot };
  if (model.facts.zooms) return (view, signal) => bitmap("/api/tile", { ...asked, ...view }, signal);
  let whole = null;
  return async (view) => {
    whole ??= bitmap("/api/picture", asked);
    const [width, height] = model.facts.size, found = await whole;
    const canvas = new OffscreenCanvas(...view.size), context = canvas.getContext("2d");
    context.imageSmoothingEnabled = view.whole[0] < width;
    context.drawImage(found, -view.corner[0], -view.corner[1], (view.whole[0] / width) * found.width, (view.whole[1] / height) * found.height);
    return canvas.transferToImageBitmap();
  };
}

function drawTables(element, { entries, settings, numbers }) {
  const head = el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "name"), entries.map((entry) => el("th", { scope: "col" }, entry.name))));
  const table = (rows, none) => rows.length ? el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Table" }, el("table", {}, head.cloneNode(true), el("tbody", {},
    rows.map((row) => el("tr", {}, el("th", { scope: "row" }, row.name), row.values.map((value) => el("td", {}, value))))))) : missing(none);
  fill(element, el("section", {}, el("h2", {}, "Numbers"), table(numbers, "None of them was evaluated. Open a run, and evaluate it.")),
    el("section", {}, el("h2", {}, "Settings that differ"), table(settings, "They have the same settings.")));
}
