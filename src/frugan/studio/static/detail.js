// One picture: variations of it, what lies between it and others, styles of others, favourites, downloads.

import { el, field, fill, missing, slider } from "./dom.js";
import { address, doing, get, note, picture, send } from "./api.js";

const VARIATIONS = 8, STEPS = 9;

export class Detail {
  constructor(model, place, liked) {
    Object.assign(this, { model, place, liked, favourites: [], wish: { seed: 0 }, distance: 0.35, turn: 0, ends: "", style: { seed: "", from: 0, to: 1 } });
    this.large = el("img", { class: "large", alt: "" });
    this.heading = el("h2", {});
    this.variations = el("div", { class: "strip" });
    this.between = el("div", { class: "strip" });
    this.mixed = el("div", {});
    this.links = el("div", { class: "actions" });
    const close = el("button", { type: "button", onclick: () => this.dialog.close() }, "Close");
    this.dialog = el("dialog", { "aria-label": "One picture", onclose: () => this.remember(false) },
      el("div", { class: "heading" }, this.heading, close),
      el("div", { class: "detail" }, el("div", {}, this.large, this.links), this.panels()));
    this.large.onerror = () => note("This picture could not be drawn. Close it and open it again.");
  }

  open(wish) {
    this.base = { ...wish };
    this.show({ ...wish });
    this.drawVariations();
    this.drawBetween();
    if (!this.dialog.open) this.dialog.showModal();
    this.remember(true);
  }

  remember(open) {
    const query = new URLSearchParams(location.search);
    if (open) query.set("seed", this.base.seed);
    else query.delete("seed");
    history.replaceState(null, "", `${location.pathname}?${query}`);
  }

  source(wish, more) { return picture(this.place, this.model.stamp, wish, more); }

  show(wish) {
    this.wish = wish;
    const name = describe(wish);
    this.heading.textContent = name;
    this.large.src = this.source(wish);
    this.large.alt = name;
    this.drawLinks();
  }

  // A strip of pictures to choose from.
  strip(element, wishes) {
    fill(element, wishes.map((wish) => {
      const button = el("button", {
        type: "button", "aria-pressed": "false",
        onclick: () => {
          this.show(wish);
          for (const each of element.children) each.setAttribute("aria-pressed", String(each === button));
        },
      }, el("img", { src: this.source(wish), alt: describe(wish), loading: "lazy" }));
      return button;
    }));
  }

  panels() {
    const ends = el("input", { type: "text", inputmode: "numeric", placeholder: "such as 12, 40", onchange: () => { this.ends = ends.value; this.drawBetween(); } });
    const another = el("button", { type: "button", onclick: () => { this.turn += VARIATIONS; this.drawVariations(); } }, "Others");
    return el("div", {},
      el("h3", {}, "Variations"),
      slider("Distance", { min: 0.05, max: 1, step: 0.05, value: this.distance, shown: (v) => v.toFixed(2), onchange: (v) => { this.distance = v; this.drawVariations(); } }),
      this.variations, el("div", { class: "actions" }, another),
      el("h3", {}, "Between this and others"),
      field("Seeds of one to three others", ends), this.between,
      this.model.facts.layers ? this.mixing() : null);
  }

  mixing() {
    const layers = this.model.facts.layers;
    const seed = el("input", { type: "number", min: "0", placeholder: "such as 7" });
    const from = el("input", { type: "number", min: "0", max: String(layers - 1), value: "0" });
    const to = el("input", { type: "number", min: "0", max: String(layers - 1), value: String(Math.floor(layers / 2)) });
    const change = () => {
      if (seed.value === "") { this.show({ ...this.base }); return; }
      const chosen = [Number(from.value), Math.max(Number(from.value), Number(to.value))];
      this.show({ ...this.base, style: Math.floor(Number(seed.value)), layers: chosen });
    };
    for (const input of [seed, from, to]) input.onchange = change;
    return el("div", {}, el("h3", {}, "Style of another"), el("div", { class: "controls" }, field("Its seed", seed), field("First layer", from, `Of ${layers}; the first decide over the whole.`), field("Last layer", to)));
  }

  drawVariations() {
    const seeds = Array.from({ length: VARIATIONS }, (_, i) => (this.base.seed + 1000 + this.turn + i) % 2 ** 32);
    this.strip(this.variations, seeds.map((variation) => ({ ...this.base, variation, distance: this.distance })));
  }

  drawBetween() {
    const others = this.ends.split(/[\s,]+/).filter((text) => /^\d+$/.test(text)).map(Number).filter((seed) => seed < 2 ** 32).slice(0, 3);
    if (!others.length) { fill(this.between, missing("Name the seeds of others.")); return; }
    const steps = Array.from({ length: STEPS }, (_, i) => (i / (STEPS - 1)) * others.length);
    this.strip(this.between, steps.map((at) => {
      // From the picture to the first, from there to the second ...
      const parts = others.map((_, i) => Math.max(0, 1 - Math.abs(at - (i + 1))));
      return { ...this.base, others, parts: parts.map((part) => Number(part.toFixed(4))) };
    }));
  }

  drawLinks() {
    const { wish } = this;
    const plain = !wish.distance && !wish.others && wish.style === undefined;
    const name = el("input", { type: "text", value: describe(wish) });
    const keep = el("button", { type: "button" }, "Keep as favourite");
    keep.onclick = doing(keep, async () => {
      await this.store([...this.favourites, { name: name.value, wish: { ...wish, snapshot: undefined } }]);
      note(`Kept as ${name.value}.`);
    });
    const asked = { place: this.place, seed: wish.seed, truncation: wish.truncation, label: wish.label };
    fill(this.links,
      el("a", { class: "button", href: this.source(wish, { save: "1" }), download: "" }, "Download PNG"),
      plain && this.model.facts.zooms && !wish.snapshot ? el("a", { class: "button", href: address("/zoom", asked) }, "Zoom, or save larger") : null,
      field("Name", name), keep);
  }

  async loadFavourites() {
    try {
      this.favourites = (await get("/api/favourites", { place: this.place })).favourites;
    } catch (error) { note(error); }
    this.drawFavourites();
  }

  async store(favourites) {
    this.favourites = (await send("/api/favourites", { favourites }, { method: "PUT", values: { place: this.place } })).favourites;
    this.drawFavourites();
  }

  drawFavourites() {
    this.liked.closest("section").hidden = !this.favourites.length;
    fill(this.liked, this.favourites.map((favourite, i) => {
      const remove = el("button", { type: "button", class: "remove" }, `Remove ${favourite.name}`);
      remove.onclick = doing(remove, () => this.store(this.favourites.filter((_, j) => j !== i)));
      const wish = clean(favourite.wish);
      return el("div", {}, el("button", { type: "button", onclick: () => this.open(wish) }, el("img", { src: this.source(wish), alt: favourite.name, loading: "lazy" }), el("span", {}, favourite.name)), remove);
    }));
  }
}

// What the program keeps has every entry; the page's wishes have those that say something.
function clean(wish) {
  const { seed, truncation, label } = wish;
  return {
    seed, truncation, label,
    ...(wish.distance ? { variation: wish.variation, distance: wish.distance } : {}),
    ...(wish.others?.length ? { others: wish.others, parts: wish.parts } : {}),
    ...(wish.style >= 0 ? { style: wish.style, layers: wish.layers } : {}),
  };
}

function describe(wish) {
  const parts = [`Seed ${wish.seed}`];
  if (wish.distance) parts.push(`varied by ${wish.distance} towards ${wish.variation}`);
  if (wish.others) parts.push(`with ${wish.others.map((seed, i) => `${Math.round(wish.parts[i] * 100)} % of ${seed}`).join(", ")}`);
  if (wish.style >= 0) parts.push(`with layers ${wish.layers.join(" to ")} of ${wish.style}`);
  return parts.join(" ");
}
