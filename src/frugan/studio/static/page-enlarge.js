// A photo, a decoder, and both pictures under one slider.

import { el, field, fill, meter, missing, slider } from "./dom.js";
import { address, doing, follow, get, isRunning, note, send, upload } from "./api.js";
import { dropZone } from "./drop.js";
import { jobCard, stopButton } from "./jobs.js";

export const title = "Enlarge";

export async function show(main, query) {
  const { entries } = await get("/api/home");
  const decoders = entries.filter((entry) => entry.has_decoder);
  fill(main, el("h1", {}, "Enlarge a photo"));
  if (!decoders.length) {
    main.append(missing("There is no decoder here yet. ", el("a", { href: "/new?recipe=quickstart" }, "Train one"), "; every recipe with a decoder will do."));
    return;
  }
  const decoder = el("select", {}, decoders.map((each) => el("option", { value: each.place, selected: each.place === query.get("decoder") }, `${each.name} (${each.size || each.kind})`)));
  const told = el("div", { role: "status" }), result = el("div", {});
  let image = query.get("image") ?? "";
  const start = el("button", { type: "button", class: "main", disabled: !image }, "Enlarge");
  const remember = (number) => history.replaceState(null, "", address("/enlarge", { decoder: decoder.value, image, job: number }));
  const taken = async ([file]) => {
    const controller = new AbortController();
    const stop = el("button", { type: "button", onclick: () => controller.abort() }, "Stop");
    try {
      const sent = await upload(file, { kind: "picture" }, (part) => fill(told, meter(part, "Sending"), "Sending ", stop), controller.signal);
      image = sent.place;
      remember("");
      fill(told, "The photo is there. Choose a decoder, and enlarge it.");
      fill(result, el("img", { class: "samples", src: address("/api/uploads/file", { place: image }), alt: "The photo as it is" }));
      start.disabled = false;
    } catch (error) {
      fill(told, error.name === "AbortError" ? "Stopped." : error.message);
      note(error);
    }
  };
  const done = (job) => {
    if (job.state !== "finished") { fill(told, jobCard(job)); return; }
    fill(told, jobCard(job));
    fill(result, both(address("/api/uploads/file", { place: image }), address("/api/jobs/result", { number: job.number })));
  };
  const followed = async (number) => done(await follow(number, (job) => { if (isRunning(job)) fill(told, jobCard(job)); }));
  start.onclick = doing(start, async () => {
    const job = await send("/api/jobs", { kind: "enlarge", image, decoder: decoder.value });
    remember(job.number);
    await followed(job.number);
  });
  main.append(
    el("p", { class: "help" }, "The photo stays on this machine. Large ones are enlarged in tiles without seams, which takes a while."),
    dropZone("Drop a photo here", "image/*", false, taken),
    el("div", { class: "controls" }, field("Decoder", decoder)), el("div", { class: "actions" }, start), told, result);
  if (image) fill(result, el("img", { class: "samples", src: address("/api/uploads/file", { place: image }), alt: "The photo as it is" }));
  if (query.has("job")) followed(Number(query.get("job"))).catch(note);
}

function both(before, after) {
  const frame = el("div", { class: "both" },
    el("img", { class: "before", src: before, alt: "Before" }), el("img", { class: "after", src: after, alt: "After: enlarged" }), el("div", { class: "line" }));
  const set = (part) => frame.style.setProperty("--at", `${part}%`);
  // The larger one decides over the size of both.
  frame.querySelector(".after").onload = (event) => { frame.querySelector(".before").style.width = `${event.target.width}px`; };
  set(50);
  return el("section", {}, el("h2", {}, "Before and after"), frame, slider("Before, on the left", { min: 0, max: 100, step: 1, value: 50, shown: (v) => `${v} %`, oninput: set }));
}
