// Chooses the page by the address, and shows what the program is doing.

import { el, fill } from "./dom.js";
import { isRunning, listen, note } from "./api.js";

const LINKS = [["/", "Home"], ["/new", "New run"], ["/enlarge", "Enlarge"], ["/compare", "Compare"], ["/jobs", "Jobs"]];
const PAGES = {
  "/": "home", "/new": "new", "/run": "run", "/explore": "explore", "/zoom": "zoom",
  "/enlarge": "enlarge", "/compare": "compare", "/study": "study", "/jobs": "jobs",
};

const main = document.getElementById("main");
const here = location.pathname;
fill(
  document.getElementById("pages"),
  LINKS.map(([path, text]) => el("a", { href: path, "aria-current": path === here ? "page" : null }, text)),
);

listen("/api/jobs/events", {}, ({ jobs = [] }) => {
  const running = jobs.filter(isRunning);
  const place = document.getElementById("working");
  place.hidden = running.length === 0;
  place.textContent = running.length === 1 ? `${running[0].title} ...` : `${running.length} jobs ...`;
});

try {
  const page = await import(`./page-${PAGES[here] ?? "home"}.js`);
  document.title = `${page.title} - frugan studio`;
  await page.show(main, new URLSearchParams(location.search));
} catch (error) {
  fill(main, el("h1", {}, "This page cannot be shown"), el("p", {}, String(error.message)), el("p", {}, el("a", { href: "/" }, "Home")));
  note(error);
}
