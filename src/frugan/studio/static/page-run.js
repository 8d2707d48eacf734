// One run, while it trains and afterwards.

import { badge, duration, el, field, figure, fill, meter, missing, slider } from "./dom.js";
import { address, doing, get, isRunning, listen, note, send } from "./api.js";
import { jobCard, stopButton } from "./jobs.js";

export const title = "Run";
const CURVES_MILLISECONDS = 8000;

export async function show(main, query) {
  const place = query.get("place") ?? "";
  const parts = Object.fromEntries(["head", "actions", "jobs", "parts", "numbers", "samples", "curves", "log"].map((name) => [name, el("div", {})]));
  fill(main, parts.head, parts.actions, parts.jobs, parts.parts, parts.numbers,
    el("section", {}, el("h2", {}, "Samples over time"), parts.samples),
    el("section", {}, el("h2", {}, "Training curves"), parts.curves),
    el("section", {}, el("h2", {}, "Log"), parts.log));
  parts.jobs.className = "entries";
  parts.curves.className = "two";
  const seen = { run: null, jobs: [], samples: "", nimg: -1 };
  try {
    seen.run = await get("/api/run", { place });
    drawRun(parts, seen, place);
  } catch (error) {
    // A run that was just begun has no folder yet: its images are being packed.
    fill(parts.head, el("h1", {}, place.split("/").pop()), el("p", {}, "It is being prepared, or it is not there yet: ", error.message));
  }
  let source = null;
  const hear = () => {
    source = listen("/api/run/events", { place }, (run) => {
      if (run.error) return;
      seen.run = run;
      drawRun(parts, seen, place);
    });
    source.onerror = () => { if (source.readyState === EventSource.CLOSED) setTimeout(hear, 2000); };
  };
  hear();
  listen("/api/jobs/events", {}, ({ jobs = [] }) => {
    const mine = jobs.filter((job) => job.place === place && ["train", "resume", "evaluate", "report"].includes(job.kind));
    const shown = mine.filter((job, i) => isRunning(job) || (i === 0 && job.state !== "finished"));
    const now = JSON.stringify(shown);
    if (now === seen.jobsDrawn) return;
    seen.jobsDrawn = now;
    seen.jobs = shown;
    fill(parts.jobs, shown.map(jobCard));
    if (seen.run) drawActions(parts, seen, place);
  });
  const curves = () => drawCurves(parts, seen, place).catch(note);
  await curves();
  setInterval(curves, CURVES_MILLISECONDS);
}

function drawRun(parts, seen, place) {
  const { run } = seen, { entry } = run;
  fill(parts.head, el("div", { class: "heading" }, el("h1", {}, entry.name),
    el("p", { class: "badges" }, badge(entry.state, entry.state === "training" ? "good" : ""), badge(entry.recipe), badge(entry.data), badge(entry.size))));
  drawActions(parts, seen, place);
  fill(parts.parts, el("div", { class: "cards" }, run.parts.map((part) => el("div", { class: "card" },
    el("h3", {}, `${part.name}: ${part.network}`),
    el("p", { class: "progress" }, meter(part.nimg / part.total, part.name), `${part.nimg / 1000} of ${part.total / 1000} kimg`),
    el("p", { class: "help" }, [part.speed && `${part.speed.toFixed(1)} images a second`, part.seconds && `${duration(part.seconds)} so far`,
      part.speed && !part.finished && `${duration((part.total - part.nimg) / part.speed)} to go`].filter(Boolean).join(", "))))));
  const groups = Object.entries(run.numbers).map(([group, numbers]) => el("div", { class: "scroll" }, el("table", {}, el("caption", {}, group),
    el("thead", {}, el("tr", {}, Object.keys(numbers).map((name) => el("th", { scope: "col" }, name)))),
    el("tbody", {}, el("tr", {}, Object.values(numbers).map((value) => el("td", {}, value)))))));
  fill(parts.numbers, run.verdict ? el("section", {}, el("h2", {}, "Evaluation"), el("p", {}, run.verdict), groups) : null);
  drawSamples(parts, seen, place);
  fill(parts.log, run.log.length ? el("pre", { class: "log", tabindex: "0", "aria-label": "Log" }, run.log.join("\n")) : missing("Nothing happened yet."));
}

function drawActions(parts, seen, place) {
  const { run } = seen, { entry } = run;
  const now = JSON.stringify([entry.state, entry.progress >= 1, entry.has_sampler, run.has_report, seen.jobs.map((job) => [job.number, job.state])]);
  if (now === seen.actions) return;
  seen.actions = now;
  const training = seen.jobs.find((job) => isRunning(job) && ["train", "resume"].includes(job.kind));
  const button = (text, content, main = false) => {
    const made = el("button", { type: "button", class: main ? "main" : null }, text);
    made.onclick = doing(made, () => send("/api/jobs", { place, ...content() }));
    return made;
  };
  const longer = el("input", { type: "number", min: "0.1", step: "0.1", value: "20" });
  const idle = entry.state !== "training";
  fill(parts.actions, el("div", { class: "actions" },
    training ? stopButton(training) : null,
    !training && !idle ? el("span", { class: "help" }, "Another program trains it.") : null,
    idle && entry.progress < 1 ? button("Resume", () => ({ kind: "resume" }), true) : null,
    entry.has_sampler ? el("a", { class: "button", href: address("/explore", { place }) }, "Explore") : null,
    entry.has_sampler ? el("a", { class: "button", href: address("/zoom", { place }) }, "Zoom") : null,
    entry.has_sampler && idle ? button("Evaluate", () => ({ kind: "evaluate" })) : null,
    entry.has_sampler ? button("Write the report", () => ({ kind: "report" })) : null,
    run.has_report ? el("a", { class: "button", href: address("/api/report", { place }), target: "_blank" }, "Open the report") : null,
    idle && entry.progress >= 1 ? field("More kimg", longer) : null,
    idle && entry.progress >= 1 ? button("Train longer", () => ({ kind: "resume", kimg: Number(longer.value) })) : null));
}

function drawSamples(parts, seen, place) {
  const { samples } = seen.run;
  const now = samples.join();
  if (now === seen.samples) return;
  seen.samples = now;
  if (!samples.length) { fill(parts.samples, missing("The first pictures come with the first snapshot.")); return; }
  const image = el("img", { class: "samples" });
  const set = (i) => {
    image.src = address("/api/run/samples", { place, nimg: samples[i] });
    image.alt = `Samples after ${samples[i] / 1000} thousand images`;
  };
  const last = samples.length - 1;
  set(last);
  fill(parts.samples, slider("After", { min: 0, max: last, step: 1, value: last, shown: (i) => `${samples[i] / 1000} kimg`, oninput: set }), image);
}

async function drawCurves(parts, seen, place) {
  if (!seen.run) return;
  const nimg = seen.run.parts.map((part) => part.nimg).join();
  if (nimg === seen.nimg) return;
  seen.nimg = nimg;
  const { figures } = await get("/api/run/curves", { place });
  fill(parts.curves, figures.flatMap(figure));
}
