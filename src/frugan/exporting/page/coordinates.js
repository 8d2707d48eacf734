// A model of coordinates as a painter: pictures of any size, part by part. Lines of a picture are kept, so that panning
// computes only what is new.

import { difference, put } from "./pixels.js";
import { latents } from "./random.js";
import { Creps } from "./creps.js";
import { PlainShader } from "./shade-plain.js";
import { WebGLShader } from "./shade-webgl.js";
import { Tensors } from "./tensors.js";

const SAMPLES = 256; // along each side of what is shaded at once
const KEPT = 96 * 2 ** 20; // bytes of lines
const TOLERABLE = 1.5; // levels of 8 bits that a graphics card may be off Python; rounding alone makes one

export class Coordinates {
  // `description`: see frugan/exporting/web_page.py.
  constructor(description, pieces) {
    this.description = description;
    this.zooms = true;
    this.creps = new Creps(description.creps, new Tensors(pieces, description.tensors));
    this.shaders = {};
    this.last = Promise.resolve(); // one tile at a time: they would only slow each other down
  }

  // Choose what shades. "": the graphics card if it draws what Python draws, and sooner than JavaScript.
  async open(wanted) {
    const { colours, creps } = this.description;
    const lines = { thickness: creps.thickness, channels: creps.channels, colours };
    const plain = (this.shaders.plain ??= new PlainShader(lines));
    if (wanted !== "JavaScript") {
      try {
        const card = (this.shaders.card ??= new WebGLShader(lines));
        const off = await this.compared(card);
        if (off > TOLERABLE) throw new Error(`The graphics card draws something else than the model: it is ${off.toFixed(1)} levels off.`);
        if (wanted || await this.seconds(card) < await this.seconds(plain)) return this.use(card, off);
      } catch (error) { if (wanted) throw error; }
    }
    return this.use(plain, await this.compared(plain));
  }

  use(shader, difference) { return Object.assign(this, { shader, difference }); }

  // How long it takes for a pixel, whatever its colour.
  async seconds(shader) {
    const { thickness, channels, composed } = this.description.creps, side = 32;
    const blank = new Float32Array(composed * thickness * channels * side), { steps } = this.checked();
    await shader.shade(steps, blank, blank, [side, side]); // compiles
    const began = performance.now();
    await shader.shade(steps, blank, blank, [side, side]);
    return performance.now() - began;
  }

  // The picture of which the page knows what Python drew.
  checked() {
    const { seed, label } = this.description.check;
    return (this.known ??= this.picture({ latents: latents(seed, this.description.latents), label, truncation: 1 }));
  }

  // The largest difference to what Python drew of one seed, at some places, in levels of 8 bits.
  async compared(shader) {
    const { rows, cols, pixels } = this.description.check, picture = this.checked();
    const [ofRows, ofCols] = [
      await this.creps.lines(picture.trunk, Float64Array.from(rows), true), await this.creps.lines(picture.trunk, Float64Array.from(cols), false),
    ];
    const drawn = await shader.shade(picture.steps, ofRows, ofCols, [rows.length, cols.length]);
    return difference(pixels, drawn);
  }

  // A picture of `wish`: {latents, label, truncation}.
  picture(wish) {
    const style = this.creps.style(wish.latents, wish.label, wish.truncation);
    return { trunk: this.creps.trunk(style), steps: this.creps.chain(style), kept: new Map(), bytes: 0 };
  }

  // A part of it, as the viewer asks for it.
  tile(picture, view, signal) {
    const mine = this.last.then(() => { signal?.throwIfAborted(); return this.drawn(picture, view, signal); });
    this.last = mine.catch(() => {});
    return mine;
  }

  // More samples than pixels are drawn in parts, each averaged.
  async drawn(picture, { whole, corner, size, supersample }, signal) {
    const image = new ImageData(...size), side = SAMPLES / supersample;
    for (let top = 0; top < size[1]; top += side) {
      for (let left = 0; left < size[0]; left += side) {
        const width = Math.min(side, size[0] - left), height = Math.min(side, size[1] - top);
        const [rows, cols] = [
          await this.lines(picture, 1, whole, corner[1] + top, height, supersample, signal),
          await this.lines(picture, 0, whole, corner[0] + left, width, supersample, signal),
        ];
        const samples = await this.shader.shade(picture.steps, rows, cols, [height * supersample, width * supersample], signal);
        put(image, samples, [left, top, width, height], supersample);
      }
    }
    return image;
  }

  // Lines along an axis (0: columns, 1: rows) of some pixels of a whole, kept.
  async lines(picture, axis, whole, first, count, supersample, signal) {
    const name = `${axis}/${whole[axis]}/${first}/${count}/${supersample}`, kept = picture.kept.get(name);
    if (kept) { picture.kept.delete(name); picture.kept.set(name, kept); return kept; } // used last
    const places = placesAlong(this.description.size, axis, whole[axis], first, count, supersample);
    const found = await this.creps.lines(picture.trunk, places, axis === 1, signal);
    picture.kept.set(name, found);
    picture.bytes += found.byteLength;
    for (const [old, numbers] of picture.kept) {
      if (picture.bytes <= KEPT) break;
      picture.kept.delete(old);
      picture.bytes -= numbers.byteLength;
    }
    return found;
  }
}

// Coordinates of samples of pixels `first` ... of a side that has `whole` in all (see frugan/ops/view.py, centres): the
// longer side of the model's own picture goes from 0 to 1 between the centres of its outer pixels.
export function placesAlong(size, axis, whole, first, count, supersample) {
  const own = size[axis], span = Math.max(own - 1, 1) / Math.max(...size.map((side) => side - 1), 1);
  return Float64Array.from({ length: count * supersample }, (_, i) => {
    const part = (first + (i + 0.5) / supersample) / whole;
    return (1 - span) / 2 + (span * (part * own - 0.5)) / Math.max(own - 1, 1);
  });
}
