// A wall of seeds, and what lies around one of them.

import { choice, el, field, fill, slider } from "./dom.js";
import { address, get, note, picture } from "./api.js";
import { Detail } from "./detail.js";

export const title = "Explore";
const AT_ONCE = 32;

export async function show(main, query) {
  const place = query.get("place") ?? "";
  const state = {
    truncation: Number(query.get("truncation") ?? 1), label: query.get("label") ?? "", snapshot: query.get("snapshot") ?? "",
    from: Number(query.get("from") ?? 0),
  };
  fill(main, el("p", { "aria-busy": "true" }, "Loading the model ..."));
  let model = await get("/api/model", { place, snapshot: state.snapshot });
  const [width, height] = model.facts.size;
  const wall = el("div", { class: "wall" });
  const side = Number(localStorage.getItem("wall") ?? Math.min(Math.max(width, 96), 256));
  wall.style.setProperty("--side", `${side}px`);
  wall.style.setProperty("--aspect", `${width} / ${height}`);
  const end = el("p", { "aria-busy": "true" }, "More pictures as you scroll ...");
  let next = state.from;

  const wish = (seed) => ({ seed, truncation: state.truncation, label: state.label, snapshot: state.snapshot });

  function more() {
    for (const last = Math.min(next + AT_ONCE, 2 ** 32); next < last; next++) {
      const seed = next;
      const image = el("img", { src: picture(place, model.stamp, wish(seed)), alt: `Seed ${seed}`, loading: "lazy", width: String(width), height: String(height) });
      wall.append(el("button", { type: "button", onclick: () => detail.open(wish(seed)) }, image, el("span", {}, String(seed))));
    }
  }
  async function again() {
    history.replaceState(null, "", address("/explore", { place, ...state, from: state.from || "" }));
    model = await get("/api/model", { place, snapshot: state.snapshot });
    detail.model = model;
    next = state.from;
    wall.replaceChildren();
    more();
  }
  const changed = (name) => (value) => { state[name] = value; again().catch(note); };
  const snapshots = model.facts.snapshots.filter((nimg) => nimg > 0);
  const first = el("input", { type: "number", min: "0", max: String(2 ** 32 - 1), value: String(state.from), onchange: () => changed("from")(Math.max(0, Math.floor(Number(first.value) || 0))) });
  const liked = el("div", { class: "wall" });
  const detail = new Detail(model, place, liked);
  fill(main,
    el("div", { class: "heading" }, el("h1", {}, `Explore: ${model.name}`), el("p", { class: "actions" },
      model.facts.zooms ? el("a", { class: "button", href: address("/zoom", { place, truncation: state.truncation }) }, "Zoom") : null,
      model.facts.snapshots.length ? el("a", { class: "button", href: address("/run", { place }) }, "Run") : null)),
    el("div", { class: "controls" },
      slider("Truncation", { min: 0, max: 1.5, step: 0.05, value: state.truncation, shown: (v) => v.toFixed(2), onchange: changed("truncation") }),
      model.facts.classes.length ? field("Class", choice([["", "each seed's own"], ...model.facts.classes.map((name) => [name, name])], state.label, changed("label"))) : null,
      snapshots.length ? slider("Snapshot", {
        min: 0, max: snapshots.length, step: 1, value: state.snapshot ? snapshots.indexOf(Number(state.snapshot)) : snapshots.length,
        shown: (v) => (v >= snapshots.length ? "the newest" : `at ${snapshots[v] / 1000} kimg`),
        onchange: (v) => changed("snapshot")(v >= snapshots.length ? "" : String(snapshots[v])),
      }) : null,
      field("First seed", first),
      slider("Size on the wall", { min: 48, max: 512, step: 16, value: side, shown: (v) => `${v} px`, oninput: (v) => { wall.style.setProperty("--side", `${v}px`); localStorage.setItem("wall", v); } }),
    ),
    el("section", { hidden: true }, el("h2", {}, "Favourites"), liked),
    el("section", {}, el("h2", {}, "Seeds"), wall, end), detail.dialog,
  );
  more();
  new IntersectionObserver((seen) => { if (seen.some((each) => each.isIntersecting)) more(); }, { rootMargin: "600px" }).observe(end);
  await detail.loadFavourites();
  if (query.has("seed")) detail.open({ ...wish(Number(query.get("seed")) || 0) });
}
