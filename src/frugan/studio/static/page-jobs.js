// All that was begun here, the newest first.

import { el, fill, missing } from "./dom.js";
import { address, listen } from "./api.js";
import { jobCard } from "./jobs.js";

export const title = "Jobs";

export async function show(main) {
  const list = el("div", { class: "entries" });
  fill(main, el("h1", {}, "Jobs"),
    el("p", { class: "help" }, "Each works in a process of its own, and ends when the studio ends. Trainings write a checkpoint first: Resume goes on exactly there."), list);
  let drawn = "";
  listen("/api/jobs/events", {}, ({ jobs = [] }) => {
    const now = JSON.stringify(jobs);
    if (now === drawn) return;
    drawn = now;
    const at = list.contains(document.activeElement) ? [...list.querySelectorAll("a, button")].indexOf(document.activeElement) : -1;
    if (!jobs.length) fill(list, missing("None yet. ", el("a", { href: address("/new") }, "Begin a training"), "."));
    else fill(list, jobs.map(jobCard));
    list.querySelectorAll("a, button")[at]?.focus();
  });
}
