// Which picture is looked at: a seed, or a place on the way to another, and how typical. It stands in the page's address.

import { latents, seedLabel } from "./random.js";

export const LARGEST_SEED = 2 ** 32 - 1;
const DEFAULTS = { seed: 0, truncation: 1, label: "", other: 1, part: 0, by: "" };

// The wish that an address tells; what it does not tell, or tells wrongly, is as usual.
export function read(text, classes) {
  const found = new URLSearchParams(text.replace(/^#/, "")), wish = { ...DEFAULTS };
  for (const [name, most] of [["seed", LARGEST_SEED], ["other", LARGEST_SEED], ["truncation", 1.5], ["part", 1]]) {
    const value = Number(found.get(name));
    if (found.has(name) && value >= 0 && value <= most) wish[name] = most === LARGEST_SEED ? Math.floor(value) : value;
  }
  if (classes[found.get("label")] !== undefined) wish.label = found.get("label");
  if (["WebGL2", "JavaScript"].includes(found.get("by"))) wish.by = found.get("by");
  return wish;
}

export function written(wish) {
  return new URLSearchParams(Object.entries(wish).filter(([name, value]) => value !== DEFAULTS[name])).toString();
}

// What a painter needs of it. Latents on the way are divided by what keeps their variance: each place is as likely as
// the ends. The class is the one that was chosen, or that the seed draws.
export function resolved(wish, { latents: length, counts }) {
  const from = latents(wish.seed, length), towards = wish.part > 0 ? latents(wish.other, length) : from;
  const [a, b] = [1 - wish.part, wish.part], size = Math.hypot(a, b);
  const mixed = wish.part > 0 ? from.map((value, i) => (a * value + b * towards[i]) / size) : from;
  const label = wish.label !== "" ? Number(wish.label) : counts.length ? seedLabel(wish.seed, counts) : 0;
  return { latents: mixed, label, truncation: wish.truncation };
}
