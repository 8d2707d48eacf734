// From images to a training that runs: choose, look, estimate, start.

import { el, field, fill, meter } from "./dom.js";
import { address, doing, follow, get, note, send, upload } from "./api.js";
import { dropZone } from "./drop.js";
import { jobCard } from "./jobs.js";

export const title = "New run";
const KEPT = "new-run";

export async function show(main, query) {
  const [{ groups }, home] = await Promise.all([get("/api/recipes"), get("/api/home")]);
  const form = { data: "noto-people", recipe: "quickstart", minutes: "7", resolution: "", folder: "0", name: "", ...JSON.parse(sessionStorage.getItem(KEPT) ?? "{}") };
  if (query.has("recipe")) form.recipe = query.get("recipe");
  const keep = () => sessionStorage.setItem(KEPT, JSON.stringify(form));
  const told = el("div", { role: "status" });

  const input = (name, attributes) => {
    const control = el("input", { value: form[name], ...attributes, oninput: () => { form[name] = control.value; keep(); } });
    return control;
  };
  const path = input("data", { type: "text", spellcheck: "false", autocapitalize: "off" });
  const recipes = Object.fromEntries(groups.flatMap((group) => group.recipes).map((recipe) => [recipe.name, recipe]));
  const about = el("p", { class: "help" });
  const minutes = input("minutes", { type: "number", min: "0.1", step: "0.1" });
  const recipe = el("select", { onchange: () => { form.recipe = recipe.value; describe(); keep(); } },
    groups.map((group) => el("optgroup", { label: group.title }, group.recipes.map((each) => el("option", { value: each.name, selected: each.name === form.recipe }, each.name)))));
  function describe() {
    const chosen = recipes[recipe.value];
    about.textContent = `${chosen.summary} Made for ${chosen.images}, ${chosen.side} px; ${chosen.minutes ? `about ${chosen.minutes} minutes on two cores` : "made for a GPU"}.`;
  }
  describe();

  const asked = () => Object.fromEntries(Object.entries({ data: form.data, recipe: recipe.value, minutes: form.minutes && Number(form.minutes), resolution: form.resolution && Number(form.resolution) }).filter(([, value]) => value !== ""));
  const check = el("button", { type: "button" }, "Check these images");
  const checked = el("div", { role: "status" });
  check.onclick = doing(check, async () => shown(checked, await send("/api/jobs", { kind: "check", data: form.data })));
  const estimate = el("button", { type: "button" }, "Estimate time and memory");
  estimate.onclick = doing(estimate, async () => shown(told, await send("/api/jobs", { kind: "estimate", ...asked() })));
  const start = el("button", { type: "submit", class: "main" }, "Start the training");
  const begin = doing(start, async () => {
    const job = await send("/api/jobs", { kind: "train", ...asked(), folder: form.folder, name: form.name || "run-1" });
    location.href = address("/run", { place: job.place });
  });
  const folder = el("select", { onchange: () => { form.folder = folder.value; keep(); } }, home.folders.map((each) => el("option", { value: each.place, selected: each.place === form.folder }, each.path)));

  fill(main, el("h1", {}, "New run"), el("form", { onsubmit: begin },
    el("fieldset", {}, el("legend", {}, "1. Images"),
      field("Path of a folder or a zip", path, `Inside ${home.folders.map((each) => each.path).join(" or ")}; or noto-people, the drawings that frugan brings.`),
      dropped((data) => { form.data = path.value = data; keep(); }),
      el("div", { class: "actions" }, check), checked),
    el("fieldset", {}, el("legend", {}, "2. Recipe and time"),
      el("div", { class: "controls" }, field("Recipe", recipe), field("Minutes of training", minutes, "On this machine. Empty: the recipe's own length."),
        field("Resolution in pixels", input("resolution", { type: "number", min: "8", max: "4096" }), "Empty: the recipe's.")),
      about, el("div", { class: "actions" }, estimate)),
    el("fieldset", {}, el("legend", {}, "3. Start"),
      el("div", { class: "controls" }, field("Name of the run", input("name", { type: "text", placeholder: "run-1" })), field("In the folder", folder)),
      el("p", { class: "help" }, "The training stops, with a checkpoint, when the studio ends. Resume goes on exactly there."),
      el("div", { class: "actions" }, start)), told));
}

// A job's card, until it has ended.
function shown(element, begun) {
  fill(element, jobCard(begun));
  return follow(begun.number, (job) => fill(element, jobCard(job)));
}

function dropped(chosen) {
  const name = el("input", { type: "text", value: "my-pictures" });
  const progress = el("p", { role: "status" });
  const taken = async (files) => {
    const data = name.value.trim();
    const controller = new AbortController();
    const stop = el("button", { type: "button", onclick: () => controller.abort() }, "Stop");
    try {
      let last = null;
      for (const [i, file] of files.entries()) {
        const kind = file.name.toLowerCase().endsWith(".zip") ? "zip" : "picture";
        const say = (part) => fill(progress, meter((i + part) / files.length, "Sending"), `${i} of ${files.length} files sent `, stop);
        say(0);
        last = await upload(file, { kind, data }, say, controller.signal);
        chosen(kind === "zip" ? last.path : last.path.slice(0, last.path.lastIndexOf("/")));
      }
      fill(progress, `${files.length} files are there.`);
    } catch (error) {
      fill(progress, error.name === "AbortError" ? "Stopped. What was sent before is kept." : error.message);
      note(error);
    }
  };
  return el("details", {}, el("summary", {}, "Or drop pictures or a zip here"), field("Name of the new data set", name), dropZone("Drop pictures, or one zip", "image/*,.zip", true, taken), progress);
}
