// Any model as a painter, by onnxruntime-web: pictures of the model's own size, which the viewer enlarges.

import { difference } from "./pixels.js";
import { latents } from "./random.js";

const KEPT = 64; // pictures

export class Session {
  // `description`: see frugan/exporting/web_page.py.
  constructor(description) {
    this.description = description;
    this.zooms = false;
    this.kept = new Map();
    this.last = Promise.resolve();
    this.shader = { name: "onnxruntime-web" };
  }

  async open() {
    if (!globalThis.ort) throw new Error("ort/ort.wasm.min.js is missing here. Copy the whole folder.");
    // One thread: more need headers that few hosts send, and gain little.
    Object.assign(globalThis.ort.env.wasm, { numThreads: 1, wasmPaths: new URL("ort/", document.baseURI).href });
    const options = { executionProviders: ["wasm"] };
    this.session = await globalThis.ort.InferenceSession.create(new URL("model.onnx", document.baseURI).href, options);
    const { check } = this.description;
    const { data } = await this.run({ latents: latents(check.seed, this.description.latents), label: check.label, truncation: 1 });
    this.difference = difference(check.pixels, check.at.flatMap((at) => [...data.subarray(4 * at, 4 * at + 4)]));
    return this;
  }

  picture(wish) { return { wish, name: JSON.stringify([[...wish.latents], wish.label, wish.truncation]) }; }

  async tile(picture, { whole, corner, size }, signal) {
    const image = await this.whole(picture), canvas = Object.assign(document.createElement("canvas"), { width: size[0], height: size[1] });
    signal?.throwIfAborted();
    const context = canvas.getContext("2d");
    context.imageSmoothingEnabled = whole[0] < image.width;
    context.drawImage(image, -corner[0], -corner[1], ...whole);
    return canvas;
  }

  // The picture at its own size, as a canvas.
  whole(picture) {
    const kept = this.kept.get(picture.name);
    if (kept) return kept;
    const mine = this.last.then(() => this.run(picture.wish)); // a session runs one at a time
    this.last = mine.catch(() => {});
    const found = mine.then((image) => {
      const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
      canvas.getContext("2d").putImageData(image, 0, 0);
      return canvas;
    });
    this.kept.set(picture.name, found);
    if (this.kept.size > KEPT) this.kept.delete(this.kept.keys().next().value);
    return found;
  }

  async run({ latents, label, truncation }) {
    const { ort } = globalThis, { size, colours, classes } = this.description;
    const inputs = { latents: new ort.Tensor("float32", latents, [1, latents.length]), truncation: new ort.Tensor("float32", [truncation], [1]) };
    if (classes.length) inputs.label = new ort.Tensor("int64", BigInt64Array.of(BigInt(label)), [1]);
    const { images } = await this.session.run(inputs);
    const image = new ImageData(...size);
    for (let i = 0; i < size[0] * size[1]; i++) {
      for (let c = 0; c < 3; c++) image.data[4 * i + c] = images.data[colours * i + (colours === 1 ? 0 : c)];
      image.data[4 * i + 3] = colours === 4 ? images.data[4 * i + 3] : 255;
    }
    return image;
  }
}
