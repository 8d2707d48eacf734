// CREPS (see frugan/networks/creps.py): latents to a style, a style to lines along rows and columns, and to the layers
// that shade the places where lines meet. Lines need float64 only where they begin, so that far places keep their phase.

import { Breath, Layer } from "./tensors.js";

const SLOPE = 0.2, CLAMP = 256;
const BLOCK = 256; // places of a line, times slots, that are computed at once

export class Creps {
  // `settings`: thickness, levels, composed, channels, decodes, styled.
  constructor(settings, tensors) { Object.assign(this, { ...settings, tensors }); }

  // Style of latents and a class, pulled towards the mean style: truncation 1 leaves it as it is.
  style(latents, label, truncation) {
    let x = normalised(latents);
    if (this.tensors.has("map.embedding.weight")) {
      const [outs, classes] = this.tensors.shape("map.embedding.weight");
      const weight = this.tensors.get("map.embedding.weight"), bias = this.tensors.get("map.embedding.bias");
      const embedded = Float32Array.from({ length: outs }, (_, o) => weight[o * classes + label] + bias[o]);
      x = Float32Array.from([...x, ...normalised(embedded)]);
    }
    for (let i = 0; this.tensors.has(`map.layers.${i}.weight`); i++) {
      x = this.linear(`map.layers.${i}`, x).map((value) => Math.SQRT2 * (value < 0 ? SLOPE * value : value));
    }
    return this.tensors.get("map.average").map((mean, i) => mean + truncation * (x[i] - mean));
  }

  linear(name, x) {
    const weight = this.tensors.get(`${name}.weight`);
    return this.tensors.get(`${name}.bias`).map((bias, o) => {
      let sum = bias;
      for (let i = 0; i < x.length; i++) sum += weight[o * x.length + i] * x[i];
      return sum;
    });
  }

  // A layer whose weights the style scales, and brings back to unit variance; colours and lines leave without that.
  modulated(name, style, { leaves = false } = {}) {
    const scale = this.linear(`${name}.affine`, style), ins = scale.length;
    const weight = this.tensors.get(`${name}.weight`).slice(), bias = this.tensors.get(`${name}.bias`);
    for (let o = 0; o < bias.length; o++) {
      const row = weight.subarray(o * ins, (o + 1) * ins);
      let square = 0;
      for (let i = 0; i < ins; i++) square += (row[i] *= scale[i]) ** 2;
      const gain = leaves ? 1 / Math.sqrt(ins) : Math.SQRT2 / Math.sqrt(square + 1e-8);
      for (let i = 0; i < ins; i++) row[i] *= gain;
    }
    if (leaves) return new Layer(weight, bias, { limit: CLAMP });
    return new Layer(weight, bias.map((value) => Math.SQRT2 * value), { slope: SLOPE, limit: CLAMP });
  }

  shared(name, { leaves = false } = {}) {
    const weight = this.tensors.get(`${name}.weight`), bias = this.tensors.get(`${name}.bias`);
    if (leaves) return new Layer(weight, bias);
    const gained = (numbers) => numbers.map((value) => Math.SQRT2 * value);
    return new Layer(gained(weight), gained(bias), { slope: SLOPE });
  }

  // What shades a place, in order: {fuse: level} adds the product of two lines to the features, {layer} maps them,
  // {colours} adds what it makes of them to the colours.
  chain(style) {
    const steps = [];
    for (let level = 0; level < this.composed; level++) {
      steps.push({ fuse: level });
      for (let i = 0; this.decodes && i < 4; i++) {
        const name = `chain.decoders.${level}.layers.${i}`;
        steps.push({ layer: this.styled ? this.modulated(name, style) : this.shared(name) });
      }
    }
    steps.push({ colours: this.shared("chain.plain", { leaves: true }) });
    for (const block of ["chain.refinement.0", "chain.refinement.1"]) {
      for (const i of [0, 1]) steps.push({ layer: this.modulated(`${block}.layers.${i}`, style) });
      steps.push({ colours: this.modulated(`${block}.leave`, style, { leaves: true }) });
    }
    return steps;
  }

  // What draws lines of one style.
  trunk(style) {
    const blocks = Array.from({ length: this.levels }, (_, i) => ({
      layers: [0, 1].map((k) => this.modulated(`trunk.blocks.${i}.layers.${k}`, style)),
      leave: this.modulated(`trunk.blocks.${i}.leave`, style, { leaves: true }),
    }));
    const amplitude = this.tensors.get("enter.amplitude"), [channels] = this.tensors.shape("enter.amplitude");
    const scale = this.linear("enter.affine", style).map((value, i) => (value * amplitude[i]) / Math.sqrt(channels));
    return { scale, first: this.modulated("trunk.first", style), blocks };
  }

  // Lines (composed, slots, channels, places) at coordinates, along rows or columns.
  async lines(trunk, places, alongRows, signal) {
    const { thickness, composed, channels } = this, breath = new Breath(signal), count = places.length;
    const found = new Float32Array(composed * thickness * channels * count);
    const widest = Math.max(trunk.first.outs, ...trunk.blocks.map((block) => block.layers[0].outs));
    const atOnce = Math.max(1, Math.floor(BLOCK / thickness));
    let x = new Float32Array(widest * atOnce * thickness), y = new Float32Array(x.length);
    const drawn = new Float32Array(channels * atOnce * thickness), sum = new Float32Array(drawn.length);
    for (let from = 0; from < count; from += atOnce) {
      await breath.take();
      const some = places.subarray(from, from + atOnce), columns = some.length * thickness;
      this.waves(trunk.scale, some, alongRows, y);
      trunk.first.apply(y, columns, x);
      sum.fill(0);
      trunk.blocks.forEach(({ layers, leave }, level) => {
        layers[0].apply(x, columns, y);
        layers[1].apply(y, columns, x);
        leave.apply(x, columns, drawn);
        for (let i = 0; i < channels * columns; i++) sum[i] += drawn[i];
        const at = level - (this.levels - composed);
        for (let d = 0; d < thickness && at >= 0; d++) {
          for (let c = 0; c < channels; c++) {
            const to = ((at * thickness + d) * channels + c) * count + from, source = c * columns + d * some.length;
            // Both kinds are scaled so that their product has half the power.
            for (let r = 0; r < some.length; r++) found[to + r] = sum[source + r] * Math.SQRT1_2;
          }
        }
      });
    }
    return found;
  }

  // Fourier features (channels, slots * places), into `to`.
  waves(scale, places, alongRows, to) {
    const { thickness, tensors } = this, [axes, half] = tensors.shape("enter.frequencies");
    const first = alongRows ? 0 : (axes - 1) * half * thickness, shift = alongRows ? 0 : thickness;
    const frequencies = tensors.get("enter.frequencies"), phases = tensors.get("enter.phases");
    const columns = thickness * places.length;
    for (let c = 0; c < half; c++) {
      for (let d = 0; d < thickness; d++) {
        const frequency = frequencies[first + c * thickness + d], phase = phases[first + c * thickness + d];
        const ofSine = scale[c * 2 * thickness + shift + d], ofCosine = scale[(half + c) * 2 * thickness + shift + d];
        for (let r = 0; r < places.length; r++) {
          const turns = frequency * places[r] + phase, angle = 2 * Math.PI * (turns - Math.round(turns));
          to[c * columns + d * places.length + r] = ofSine * Math.sin(angle);
          to[(half + c) * columns + d * places.length + r] = ofCosine * Math.cos(angle);
        }
      }
    }
  }
}

function normalised(x) {
  const square = x.reduce((sum, value) => sum + value * value, 0) / x.length;
  return x.map((value) => value / Math.sqrt(square + 1e-8));
}
