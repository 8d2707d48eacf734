// Everything in the folders, with a picture, and how far it has come.

import { badge, duration, el, fill, meter, missing } from "./dom.js";
import { address, get, note } from "./api.js";

export const title = "Home";
const AGAIN_MILLISECONDS = 5000;
const STATES = { training: "good", finished: "", stopped: "bad", new: "", damaged: "bad" };

export async function show(main) {
  const list = el("div", { class: "entries" });
  const search = el("input", {
    type: "search", placeholder: "Search", "aria-label": "Search by name, recipe or data",
    value: sessionStorage.getItem("search") ?? "", oninput: () => { sessionStorage.setItem("search", search.value); draw(); },
  });
  const where = el("p", { class: "help" });
  let found = { entries: [], folders: [] };
  let drawn = "";

  function draw() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = found.entries.filter((entry) => {
      const text = `${entry.name} ${entry.kind} ${entry.recipe} ${entry.data} ${entry.state}`.toLowerCase();
      return words.every((word) => text.includes(word));
    });
    const now = JSON.stringify(shown);
    if (now === drawn) return;
    drawn = now;
    if (found.entries.length === 0) fill(list, empty());
    else if (shown.length === 0) fill(list, missing("Nothing of that name. Search for another word."));
    else fill(list, shown.map(card));
  }

  async function load() {
    found = await get("/api/home");
    where.textContent = `In ${found.folders.map((folder) => folder.path).join(", ")}`;
    draw();
  }

  fill(main, el("div", { class: "heading" }, el("h1", {}, "Runs, models and studies"), search), where, list);
  fill(list, el("p", { "aria-busy": "true" }, "Looking into the folders ..."));
  await load();
  setInterval(() => load().catch(note), AGAIN_MILLISECONDS);
}

function empty() {
  return missing(
    "There is no run here yet. ", el("a", { href: "/new" }, "Train one on the drawings that frugan brings"),
    ": 7 minutes on two cores of a processor.",
  );
}

function card(entry) {
  const page = entry.kind === "study" ? "/study" : entry.kind === "run" ? "/run" : entry.has_sampler ? "/explore" : "/enlarge";
  const place = { place: entry.place };
  const links = [];
  if (entry.has_sampler) links.push(el("a", { href: address("/explore", place) }, "Explore"));
  if (entry.has_decoder) links.push(el("a", { href: address("/enlarge", { decoder: entry.place }) }, "Enlarge"));
  const left = entry.seconds_left === null ? "" : `${duration(entry.seconds_left)} left`;
  const shown = entry.has_sampler && entry.state !== "damaged";
  return el(
    "article", { class: "card entry" },
    shown
      ? el("img", { src: address("/api/thumbnail", place), alt: `Pictures of ${entry.name}`, loading: "lazy" })
      : el("div", { class: "nothing", "aria-hidden": "true" }, entry.kind),
    el("h2", {}, entry.state === "damaged" ? entry.name : el("a", { href: address(page, place) }, entry.name)),
    el("p", { class: "badges" }, badge(entry.state, STATES[entry.state]), badge(entry.kind), entry.size && badge(entry.size)),
    el("p", { class: "help" }, [entry.recipe, entry.data].filter(Boolean).join(" on ")),
    entry.state === "training" || (entry.state === "stopped" && entry.progress < 1)
      ? el("p", { class: "progress" }, meter(entry.progress, `Progress of ${entry.name}`), `${Math.round(entry.progress * 100)} % ${left}`)
      : null,
    entry.distance === null ? null : el("p", {}, `${entry.distance_name} ${Number(entry.distance.toPrecision(3))}`),
    entry.problem && el("p", { class: "problem" }, entry.problem),
    el("p", { class: "links" }, links),
  );
}
