// One picture of a coordinate generator, drawn wherever one looks.

import { choice, el, field, fill, missing, slider } from "./dom.js";
import { address, bitmap, doing, get, note, send } from "./api.js";
import { Viewer } from "./viewer.js";

export const title = "Zoom";
const OUTSIDE = [["extrapolate", "as the generator draws it"], ["clamp", "the edge"], ["mirror", "mirrored"], ["mask", "nothing"]];

export async function show(main, query) {
  const place = query.get("place") ?? "";
  const model = await get("/api/model", { place });
  if (!model.facts.zooms) {
    fill(main, el("h1", {}, model.name), missing(
      `${model.facts.generator} draws pictures of one size. To zoom into a picture, train a generator of coordinates: `,
      el("a", { href: "/new?recipe=creps-small" }, "recipe creps-small"), ".",
    ));
    return;
  }
  const state = {
    seed: Number(query.get("seed") ?? 0), truncation: Number(query.get("truncation") ?? 1),
    label: query.get("label") ?? "", outside: query.get("outside") ?? "extrapolate",
  };
  const frame = el("div", { class: "viewer" });
  const wish = () => ({ seed: state.seed, truncation: state.truncation, label: state.label });
  const source = () => {
    const asked = { place, stamp: model.stamp, ...wish(), outside: state.outside };
    return (view, signal) => bitmap("/api/tile", { ...asked, ...view }, signal);
  };
  const angle = slider("Turned by", { min: 0, max: 359, step: 1, value: 0, shown: (v) => `${v} degrees`, oninput: (v) => viewer.set({ angle: v }) });

  function keep() {
    history.replaceState(null, "", address("/zoom", { place, ...wish(), outside: state.outside }) + location.hash);
    viewer.change(source());
  }
  const seed = el("input", { type: "number", min: "0", max: String(2 ** 32 - 1), value: String(state.seed), onchange: () => { state.seed = Math.max(0, Math.floor(Number(seed.value) || 0)); keep(); } });
  const controls = el("div", { class: "controls" },
    field("Seed", seed),
    slider("Truncation", { min: 0, max: 1.5, step: 0.05, value: state.truncation, shown: (v) => v.toFixed(2), onchange: (v) => { state.truncation = v; keep(); } }),
    model.facts.classes.length ? field("Class", choice([["", "the seed's own"], ...model.facts.classes.map((name) => [name, name])], state.label, (v) => { state.label = v; keep(); })) : null,
    field("Outside of the picture", choice(OUTSIDE, state.outside, (v) => { state.outside = v; keep(); })),
    angle,
  );
  fill(main,
    el("div", { class: "heading" }, el("h1", {}, `Zoom: ${model.name}`), el("a", { href: address("/explore", { place }) }, "Explore")),
    controls, frame,
    el("p", { class: "help" }, "Drag to move, wheel or pinch to zoom; keys: arrows, + and -, [ and ], 0. The address of this page brings the view back."),
    saving(() => ({ place, ...wish(), outside: state.outside }), () => viewer),
  );
  const viewer = new Viewer(frame, {
    size: model.facts.size, source: source(), label: `Picture of seed ${state.seed}`, address: true, onproblem: note,
    onview: (view) => {
      const input = angle.querySelector("input");
      if (Number(input.value) !== Math.round(view.angle)) { input.value = String(Math.round(view.angle)); angle.querySelector("output").textContent = `${Math.round(view.angle)} degrees`; }
    },
  });
}

function saving(asked, viewer) {
  const width = el("input", { type: "number", min: "16", max: "65536", value: "2048" });
  const ending = choice([["png", "PNG"], ["tif", "TIFF"], ["dzi", "Deep Zoom"]], "png");
  const button = el("button", { type: "button", class: "main" }, "Save this view");
  const told = el("p", { role: "status" });
  button.onclick = doing(button, async () => {
    const { canvas, view } = viewer();
    const size = [Number(width.value), Math.max(1, Math.round((Number(width.value) * canvas.clientHeight) / canvas.clientWidth))];
    const job = await send("/api/jobs", { kind: "render", ...asked(), size, crop: viewer().crop(), rotate: view.angle, ending: ending.value });
    fill(told, `Saving as ${job.place}, ${size[0]} x ${size[1]} pixels: see `, el("a", { href: "/jobs" }, "Jobs"), ".");
  });
  return el("section", {}, el("h2", {}, "Save this view"),
    el("div", { class: "actions" }, field("Width in pixels", width), field("As", ending), button), told);
}
