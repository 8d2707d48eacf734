// Shades the places where lines meet, in JavaScript: where there is no WebGL2, or where it is no faster.

import { Breath } from "./tensors.js";

export class PlainShader {
  // `lines`: {thickness, channels, colours}.
  constructor(lines) { Object.assign(this, lines); this.name = "JavaScript"; }

  // Lines (levels, slots, channels, h) and (levels, slots, channels, w) -> RGBA of h x w pixels, straight alpha.
  async shade(steps, rows, cols, [height, width], signal) {
    const pixels = new Uint8ClampedArray(4 * height * width), breath = new Breath(signal);
    const widest = Math.max(this.channels, ...steps.map((step) => step.layer?.outs ?? 0));
    let x = new Float32Array(widest * width), y = new Float32Array(widest * width);
    const drawn = new Float32Array(this.colours * width), colours = new Float32Array(drawn.length);
    for (let row = 0; row < height; row++) {
      await breath.take();
      x.fill(0);
      colours.fill(0);
      for (const { fuse, layer, colours: leave } of steps) {
        if (layer) { layer.apply(x, width, y); [x, y] = [y, x]; }
        else if (leave) {
          leave.apply(x, width, drawn);
          for (let i = 0; i < colours.length; i++) colours[i] += drawn[i];
        } else this.fuse(fuse, rows, cols, row, [height, width], x);
      }
      writePixels(colours, this.colours, width, pixels.subarray(4 * row * width));
    }
    return pixels;
  }

  fuse(level, rows, cols, row, [height, width], x) {
    for (let d = 0; d < this.thickness; d++) {
      for (let c = 0; c < this.channels; c++) {
        const line = (level * this.thickness + d) * this.channels + c, factor = rows[line * height + row];
        for (let i = 0, at = line * width, to = c * width; i < width; i++) x[to + i] += factor * cols[at + i];
      }
    }
  }
}

// Colours (colours, width) in [-1, 1] -> RGBA: grey repeated, premultiplied RGBA with straight alpha.
function writePixels(colours, count, width, to) {
  const share = (c, i) => Math.min(Math.max((colours[c * width + i] + 1) / 2, 0), 1);
  for (let i = 0; i < width; i++) {
    const alpha = count === 4 ? share(3, i) : 1, seen = alpha > 0.5 / 255;
    for (let c = 0; c < 3; c++) to[4 * i + c] = seen ? 255 * (share(count === 1 ? 0 : c, i) / alpha) : 0;
    to[4 * i + 3] = seen ? 255 * alpha : 0;
  }
}
