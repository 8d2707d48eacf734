// A study as it fills: its trials, its table, its plots.

import { badge, el, figure, fill, meter, missing } from "./dom.js";
import { address, get, listen } from "./api.js";

export const title = "Study";
const KINDS = { finished: "good", failed: "bad" };

export async function show(main, query) {
  const place = query.get("place") ?? "";
  let drawn = "";
  const draw = (study) => {
    const now = JSON.stringify(study);
    if (study.error || now === drawn) return;
    drawn = now;
    fill(main,
      el("div", { class: "heading" }, el("h1", {}, study.entry.name), el("p", { class: "badges" }, badge(study.entry.state, study.entry.state === "training" ? "good" : ""), badge(study.entry.data))),
      el("p", {}, study.question),
      study.has_report ? el("p", {}, el("a", { class: "button", href: address("/api/report", { place }), target: "_blank" }, "Open the study's page")) : null,
      el("p", { class: "progress" }, meter(study.entry.progress, "Trials that have ended"), `${Math.round(study.entry.progress * 100)} % of the trials have ended`),
      el("section", {}, el("h2", {}, "Table"), el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Table of rows" }, el("table", {},
        el("thead", {}, el("tr", {}, ["row", "distance", "finished", "failed"].map((name) => el("th", { scope: "col" }, name)))),
        el("tbody", {}, study.rows.map((row) => el("tr", {}, el("th", { scope: "row" }, row.row), el("td", {}, row.mean), el("td", {}, String(row.finished)), el("td", {}, String(row.failed)))))))),
      el("section", {}, el("h2", {}, "Plots"), study.charts.length ? el("div", { class: "two" }, study.charts.map((chart) => el("figure", { class: "panel" }, figure(chart)))) : missing("They come with the first trials.")),
      el("section", {}, el("h2", {}, "Trials"), el("div", { class: "trials" }, study.trials.map((trial) => el("div", { class: "card" },
        el("h3", {}, `${trial.row}, seed ${trial.seed}`), el("p", { class: "badges" }, badge(trial.state, KINDS[trial.state] ?? "")),
        trial.state === "begun" ? el("p", { class: "progress" }, meter(trial.progress, `${trial.row}, seed ${trial.seed}`), `${Math.round(trial.progress * 100)} %`) : null)))));
  };
  draw(await get("/api/study", { place }));
  listen("/api/study/events", { place }, draw);
}
