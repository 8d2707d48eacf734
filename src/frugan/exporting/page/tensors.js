// Weights, out of text: a page that was opened as a file may run scripts, but not read other files.

export class Tensors {
  // `pieces`: base64 of float32, little-endian, one after the other; `table`: {name: [first number, ...shape]}.
  constructor(pieces, table) {
    this.table = table;
    const texts = pieces.map((piece) => atob(piece)), bytes = new Uint8Array(texts.reduce((sum, text) => sum + text.length, 0));
    let at = 0;
    for (const text of texts) for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i);
    this.numbers = new Float32Array(bytes.buffer);
  }

  has(name) { return name in this.table; }

  shape(name) { return this.table[name].slice(1); }

  get(name) {
    const [first, ...shape] = this.table[name];
    return this.numbers.subarray(first, first + shape.reduce((product, side) => product * side, 1));
  }
}

// One map of the channels, the same at all places: y = activated(weight x + bias), within +-limit.
//
// `weight` is (outs, ins), row by row; `slope` is that of the activation below 0, 1 for none.
export class Layer {
  constructor(weight, bias, { slope = 1, limit = Infinity } = {}) {
    Object.assign(this, { weight, bias, slope, limit, outs: bias.length, ins: weight.length / bias.length });
  }

  // x (ins, count) -> y (outs, count), both Float32Array, at least so long.
  apply(x, count, y) {
    const { weight, bias, slope, limit, outs, ins } = this;
    for (let o = 0; o < outs; o++) {
      const to = y.subarray(o * count, (o + 1) * count).fill(bias[o]);
      let c = 0;
      for (; c + 4 <= ins; c += 4) {
        const at = o * ins + c, a = weight[at], b = weight[at + 1], d = weight[at + 2], e = weight[at + 3];
        const i = c * count, j = i + count, k = j + count, l = k + count;
        for (let p = 0; p < count; p++) to[p] += a * x[i + p] + b * x[j + p] + d * x[k + p] + e * x[l + p];
      }
      for (; c < ins; c++) {
        const a = weight[o * ins + c], i = c * count;
        for (let p = 0; p < count; p++) to[p] += a * x[i + p];
      }
      for (let p = 0; p < count; p++) {
        const value = to[p] < 0 ? slope * to[p] : to[p];
        to[p] = value > limit ? limit : value < -limit ? -limit : value;
      }
    }
  }
}

// Lets the page answer, if it has not for a while. Throws if nobody waits for the work any more.
export class Breath {
  constructor(signal = null) { this.signal = signal; this.last = performance.now(); }

  async take() {
    if (performance.now() - this.last > 12) {
      await new Promise((resolve) => { const { port1, port2 } = new MessageChannel(); port1.onmessage = resolve; port2.postMessage(0); });
      this.last = performance.now();
    }
    this.signal?.throwIfAborted();
  }
}
