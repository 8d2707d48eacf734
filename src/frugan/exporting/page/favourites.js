// Pictures that a person keeps, in this browser: addresses of the page, with a small picture each.

import { el, fill } from "./dom.js";

const MOST = 200;

export class Favourites {
  // `name` tells models apart; `draw` is text => Promise of a canvas; `open` is told which one was chosen.
  constructor(element, { name, draw, open, describe }) {
    Object.assign(this, { element, name: `frugan/${name}`, draw, open, describe });
    this.kept = this.stored();
    this.show();
  }

  stored() {
    try {
      const found = JSON.parse(localStorage.getItem(this.name) ?? "[]");
      return Array.isArray(found) ? found.filter((each) => typeof each === "string").slice(0, MOST) : [];
    } catch { return []; } // a browser may keep nothing for a page, and what it keeps may be another's
  }

  // Whether the browser keeps them after this visit.
  add(text) {
    this.kept = [text, ...this.kept.filter((each) => each !== text)].slice(0, MOST);
    return this.changed();
  }

  changed() {
    this.show();
    try { localStorage.setItem(this.name, JSON.stringify(this.kept)); return true; } catch { return false; }
  }

  show() {
    if (!this.kept.length) { fill(this.element, el("p", { class: "missing" }, "Pictures that you keep stand here, in this browser alone.")); return; }
    fill(this.element, el("div", { class: "wall" }, this.kept.map((text) => this.card(text))));
  }

  card(text) {
    const picture = el("span", { class: "picture" }), name = this.describe(text);
    this.draw(text).then((canvas) => picture.replaceChildren(canvas), () => picture.replaceChildren("not drawn"));
    const remove = () => { this.kept = this.kept.filter((each) => each !== text); this.changed(); };
    return el("div", {},
      el("button", { type: "button", "aria-label": `Open ${name}`, onclick: () => this.open(text) }, picture),
      el("span", {}, name), el("button", { type: "button", class: "remove", "aria-label": `Remove ${name}`, onclick: remove }, "Remove"),
    );
  }
}
