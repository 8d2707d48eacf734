// How a job looks, wherever it is shown.

import { badge, duration, el, meter } from "./dom.js";
import { address, doing, isRunning, send } from "./api.js";

const KINDS = { finished: "good", failed: "bad", stopped: "bad" };

export function jobCard(job) {
  const running = isRunning(job);
  const part = job.total ? job.done / job.total : 0;
  const left = duration(job.seconds_left);
  const count = job.kind === "train" || job.kind === "resume" ? `${(job.done / 1000).toFixed(1)} of ${job.total / 1000} kimg` : `${job.done} of ${job.total}`;
  return el("article", { class: "card job" },
    el("h2", {}, job.title), el("p", { class: "badges" }, badge(job.state, KINDS[job.state] ?? "")),
    running ? el("p", { class: "progress" }, job.total ? meter(part, job.title) : null, job.total ? `${job.stage}: ${count}${left && `, ${left} left`}` : job.stage || "beginning ...") : null,
    job.sentences.length ? el("p", { class: "help" }, job.sentences.at(-1)) : null,
    job.problem ? el("p", { class: "problem" }, job.problem) : null,
    el("p", { class: "actions" }, running ? stopButton(job) : null, ...results(job)));
}

export function stopButton(job) {
  const button = el("button", { type: "button" }, job.state === "stopping" ? "Stopping ..." : `Stop: ${job.title}`);
  button.onclick = doing(button, () => send("/api/jobs/stop", { number: job.number }));
  return button;
}

export function results(job) {
  if (["train", "resume", "evaluate"].includes(job.kind) && job.place) {
    const shown = [el("a", { class: "button", href: address("/run", { place: job.place }) }, "Show the run")];
    return job.kind === "evaluate" && job.result ? [el("span", {}, job.result), ...shown] : shown;
  }
  if (job.state !== "finished") return [];
  if (job.kind === "estimate") return [el("span", {}, job.result)];
  const open = address("/api/jobs/result", { number: job.number });
  if (job.kind === "check") return [el("a", { class: "button", href: open, target: "_blank" }, "Open the page")];
  if (job.kind === "report") return [el("a", { class: "button", href: address("/api/report", { place: job.place }), target: "_blank" }, "Open the report")];
  return [el("a", { class: "button", href: address("/api/jobs/result", { number: job.number, save: "1" }) }, "Download"), el("span", { class: "help" }, job.result)];
}
