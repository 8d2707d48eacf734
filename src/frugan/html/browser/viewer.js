// A picture to pan, zoom and turn, drawn from tiles of whatever source it is given. Depends on nothing but the DOM.
//
// A source is (view, signal) => Promise<ImageBitmap | ImageData>, where view = {whole: [W, H], corner: [x, y],
// size: [w, h], supersample}: the pixels at `corner` of a picture that is W x H as a whole, and may go on outside.

const TILE = 256;
const AT_ONCE = 4; // requests: more would wait behind each other, and could not be taken back
const KEPT = 600; // tiles
const COARSEST = -3; // halvings of the picture's own size, drawn with more samples a pixel
const LEAST_LEVELS = 2; // a view of less contrast has at most this difference of 8-bit values

export class Viewer {
  // `options`: size [width, height] of the picture; source; label; largest side of the whole; address: keep the state
  // in the page's address; onview: is told each new state; pixelated: show pixels of what is enlarged.
  constructor(element, options) {
    Object.assign(this, { largest: 2 ** 20, address: false, pixelated: false, onview: () => {}, onproblem: () => {} }, options);
    this.element = element;
    this.canvas = document.createElement("canvas");
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", `${this.label}. Arrow keys move, + and - zoom, [ and ] turn, 0 shows all.`);
    this.scaleShown = document.createElement("div");
    this.scaleShown.className = "scale";
    this.scaleShown.setAttribute("aria-live", "polite");
    element.replaceChildren(this.canvas, this.scaleShown);
    this.tiles = new Map(); // key -> {bitmap, level, x, y}
    this.waiting = new Map(); // key -> AbortController
    this.failed = new Set();
    this.pointers = new Map();
    this.flat = false;
    this.view = { x: 0.5, y: 0.5, scale: 0, angle: 0 }; // middle in parts of the picture; CSS pixels per width of it
    this.listen();
    this.resize();
    if (this.address) this.read(location.hash);
  }

  // The state, as it stands in an address.
  text() {
    const { x, y, scale, angle } = this.view;
    return `x=${+x.toPrecision(12)}&y=${+y.toPrecision(12)}&scale=${+scale.toPrecision(6)}&angle=${+angle.toFixed(2)}`;
  }

  read(text) {
    const found = new URLSearchParams(text.replace(/^#/, ""));
    const changes = {};
    for (const name of ["x", "y", "scale", "angle"]) {
      const value = Number(found.get(name));
      if (found.has(name) && Number.isFinite(value)) changes[name] = value;
    }
    this.set(changes);
  }

  // Change the view, within its bounds. `silent`: `onview` is not told.
  set(changes, { silent = false } = {}) {
    const view = { ...this.view, ...changes };
    view.scale = Math.min(Math.max(view.scale, this.fitted() / 6), this.largestScale());
    view.angle = ((view.angle % 360) + 360) % 360;
    const far = 90000;
    view.x = Math.min(Math.max(view.x, -far), far);
    view.y = Math.min(Math.max(view.y, -far), far);
    this.view = view;
    this.flat = false;
    if (this.address) history.replaceState(history.state, "", `#${this.text()}`);
    if (!silent) this.onview(view);
    this.draw();
  }

  reset() { this.set({ x: 0.5, y: 0.5, scale: this.fitted(), angle: 0 }); }

  // Draw other tiles at the same view.
  change(source) {
    this.source = source;
    for (const controller of this.waiting.values()) controller.abort();
    this.waiting.clear();
    this.tiles.clear();
    this.failed.clear();
    this.draw();
  }

  fitted() {
    const [width, height] = this.size;
    return Math.max(1, Math.min(this.canvas.clientWidth, (this.canvas.clientHeight * width) / height));
  }

  largestScale() { return this.largest / this.density; }

  resize() {
    this.density = window.devicePixelRatio || 1;
    const width = Math.round(this.canvas.clientWidth * this.density), height = Math.round(this.canvas.clientHeight * this.density);
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    if (this.view.scale === 0) this.view.scale = this.fitted();
    this.draw();
  }

  // Which doubling of the picture's own size has at least as many pixels as the screen.
  level() {
    const wanted = Math.ceil(Math.log2((this.view.scale * this.density) / this.size[0]) - 0.2);
    const finest = Math.floor(Math.log2(this.largest / Math.max(...this.size)));
    return Math.min(Math.max(wanted, COARSEST), finest);
  }

  whole(level) { return this.size.map((side) => Math.max(1, Math.round(side * 2 ** level))); }

  // Place in parts of the picture of a point of the screen, in CSS pixels from the middle.
  place(dx, dy, { x, y, scale, angle } = this.view) {
    const turn = (angle * Math.PI) / 180, aspect = this.size[1] / this.size[0];
    const right = (Math.cos(turn) * dx - Math.sin(turn) * dy) / scale, down = (Math.sin(turn) * dx + Math.cos(turn) * dy) / scale;
    return [x + right, y + down / aspect];
  }

  // Left, top, right and bottom of what is seen, before it is turned, in parts of the picture.
  crop() {
    const { x, y, scale } = this.view, aspect = this.size[1] / this.size[0];
    const w = this.canvas.clientWidth / scale, h = this.canvas.clientHeight / scale / aspect;
    return [x - w / 2, y - h / 2, x + w / 2, y + h / 2];
  }

  // Tiles of a level that are seen, the middle ones first.
  seen(level) {
    const [width, height] = this.whole(level);
    const w = this.canvas.clientWidth / 2, h = this.canvas.clientHeight / 2;
    const corners = [[-w, -h], [w, -h], [-w, h], [w, h]].map(([dx, dy]) => this.place(dx, dy));
    const xs = corners.map((c) => (c[0] * width) / TILE), ys = corners.map((c) => (c[1] * height) / TILE);
    const middle = [(this.view.x * width) / TILE - 0.5, (this.view.y * height) / TILE - 0.5];
    const found = [];
    for (let y = Math.floor(Math.min(...ys)); y < Math.max(...ys); y++) {
      for (let x = Math.floor(Math.min(...xs)); x < Math.max(...xs); x++) {
        found.push({ key: `${level}/${x}/${y}`, level, x, y, distance: Math.hypot(x - middle[0], y - middle[1]) });
      }
    }
    return found.sort((a, b) => a.distance - b.distance).slice(0, KEPT);
  }

  draw() {
    if (this.planned) return;
    this.planned = requestAnimationFrame(() => { this.planned = 0; this.paint(); });
  }

  paint() {
    if (!this.canvas.width || !this.canvas.height) return;
    const level = this.level(), wanted = this.seen(level);
    const context = this.canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    // Coarser tiles below finer ones below the right ones: there is always something to see.
    const order = (each) => (each.level === level ? 1e6 : each.level < level ? each.level : 1000 - each.level);
    for (const tile of [...this.tiles.values()].sort((a, b) => order(a) - order(b))) this.paintTile(context, tile);
    for (const tile of wanted) {
      const kept = this.tiles.get(tile.key);
      if (kept) { this.tiles.delete(tile.key); this.tiles.set(tile.key, kept); } // used last
    }
    // A coarse view of all comes first, for a few tiles more.
    this.fetch(level > 2 ? [...this.seen(level - 3), ...wanted] : wanted);
    this.tell(level, wanted);
  }

  paintTile(context, tile) {
    const [width, height] = this.whole(tile.level), { x, y, scale, angle } = this.view;
    const unit = (scale * this.density) / width; // device pixels of one of the tile's
    const turn = (-angle * Math.PI) / 180;
    const cosine = Math.cos(turn), sine = Math.sin(turn);
    context.setTransform(cosine, sine, -sine, cosine, this.canvas.width / 2, this.canvas.height / 2);
    context.imageSmoothingEnabled = !(this.pixelated && unit > 1);
    context.imageSmoothingQuality = "high";
    const left = (tile.x * TILE - x * width) * unit, top = (tile.y * TILE - y * height) * unit;
    if (angle % 90) { context.drawImage(tile.bitmap, left, top, TILE * unit + 0.7, TILE * unit + 0.7); return; }
    // Whole pixels, so that neighbours meet without a seam.
    const [l, t] = [Math.round(left), Math.round(top)];
    context.drawImage(tile.bitmap, l, t, Math.round(left + TILE * unit) - l, Math.round(top + TILE * unit) - t);
  }

  fetch(wanted) {
    const keys = new Set(wanted.map((tile) => tile.key));
    for (const [key, controller] of this.waiting) {
      if (!keys.has(key)) { controller.abort(); this.waiting.delete(key); }
    }
    for (const tile of wanted) {
      if (this.waiting.size >= AT_ONCE) return;
      if (!this.tiles.has(tile.key) && !this.waiting.has(tile.key) && !this.failed.has(tile.key)) this.ask(tile);
    }
  }

  async ask(tile) {
    const controller = new AbortController();
    this.waiting.set(tile.key, controller);
    const view = {
      whole: this.whole(tile.level), corner: [tile.x * TILE, tile.y * TILE], size: [TILE, TILE],
      supersample: tile.level < 0 ? 2 ** -tile.level : 1,
    };
    try {
      const found = await this.source(view, controller.signal);
      if (controller.signal.aborted) return;
      const bitmap = found instanceof ImageData ? await createImageBitmap(found) : found;
      if (controller.signal.aborted) return;
      this.tiles.set(tile.key, { ...tile, bitmap });
      while (this.tiles.size > KEPT) this.tiles.delete(this.tiles.keys().next().value);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.failed.add(tile.key);
      this.onproblem(error);
    } finally {
      if (this.waiting.get(tile.key) === controller) this.waiting.delete(tile.key);
      this.draw();
    }
  }

  tell(level, wanted) {
    const ready = wanted.filter((tile) => this.tiles.has(tile.key)).length;
    const done = ready === wanted.length;
    this.element.setAttribute("aria-busy", String(!done));
    if (done && this.pointers.size === 0) this.flat = this.levels() <= LEAST_LEVELS;
    const times = (this.view.scale * this.density) / this.size[0];
    const shown = times >= 10 ? Math.round(times).toLocaleString("en") : times.toPrecision(2);
    const turned = this.view.angle ? `, turned by ${Math.round(this.view.angle)} degrees` : "";
    const rest = done ? "" : `, ${ready} of ${wanted.length} tiles`;
    const end = this.flat ? ". Nothing more to see by zooming in: less than two grey levels are left."
      : this.view.scale >= this.largestScale() ? ". This is the largest." : "";
    const text = `${shown} times its own size${turned}${rest}${end}`;
    if (this.scaleShown.textContent !== text) this.scaleShown.textContent = text;
  }

  // Grey levels that the canvas spans, in the channel that spans most.
  levels() {
    this.probe ??= Object.assign(document.createElement("canvas"), { width: 256, height: 256 });
    const context = this.probe.getContext("2d", { willReadFrequently: true });
    context.imageSmoothingEnabled = false; // samples, not means
    context.clearRect(0, 0, 256, 256);
    context.drawImage(this.canvas, 0, 0, 256, 256);
    const { data } = context.getImageData(0, 0, 256, 256);
    const low = [255, 255, 255], high = [0, 0, 0];
    for (let at = 0; at < data.length; at += 4) {
      for (let c = 0; c < 3; c++) {
        low[c] = Math.min(low[c], data[at + c]);
        high[c] = Math.max(high[c], data[at + c]);
      }
    }
    return Math.max(...high.map((value, c) => value - low[c]));
  }

  // Zoom around a point of the screen, in CSS pixels from the middle.
  zoomAt(factor, dx = 0, dy = 0) {
    if (factor > 1 && this.flat) return;
    const scale = Math.min(Math.max(this.view.scale * factor, this.fitted() / 6), this.largestScale());
    const before = this.place(dx, dy), after = this.place(dx, dy, { ...this.view, scale });
    this.set({ scale, x: this.view.x + before[0] - after[0], y: this.view.y + before[1] - after[1] });
  }

  move(dx, dy) {
    const [x, y] = this.place(-dx, -dy);
    this.set({ x, y });
  }

  listen() {
    const canvas = this.canvas;
    new ResizeObserver(() => this.resize()).observe(canvas);
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      const lines = event.deltaMode === 1 ? 33 : 1;
      this.zoomAt(Math.exp((-event.deltaY * lines) / (event.ctrlKey ? 100 : 400)), ...this.fromMiddle(event));
    }, { passive: false });
    canvas.addEventListener("dblclick", (event) => this.zoomAt(2, ...this.fromMiddle(event)));
    canvas.addEventListener("keydown", (event) => this.key(event));
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, this.fromMiddle(event));
    });
    canvas.addEventListener("pointermove", (event) => this.pointerMoved(event));
    for (const name of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(name, (event) => { this.pointers.delete(event.pointerId); this.draw(); });
    }
    if (this.address) window.addEventListener("hashchange", () => this.read(location.hash));
  }

  fromMiddle(event) {
    const box = this.canvas.getBoundingClientRect();
    return [event.clientX - box.left - box.width / 2, event.clientY - box.top - box.height / 2];
  }

  pointerMoved(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const now = this.fromMiddle(event);
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.pointers.set(event.pointerId, now);
    if (!other) { this.move(now[0] - before[0], now[1] - before[1]); return; }
    // Two fingers: the place between them stays between them.
    const apart = (a) => Math.max(1, Math.hypot(a[0] - other[0], a[1] - other[1]));
    this.move((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
    this.zoomAt(apart(now) / apart(before), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = Math.min(this.canvas.clientWidth, this.canvas.clientHeight) / 8;
    const does = {
      ArrowLeft: () => this.move(step, 0), ArrowRight: () => this.move(-step, 0),
      ArrowUp: () => this.move(0, step), ArrowDown: () => this.move(0, -step),
      "+": () => this.zoomAt(1.5), "=": () => this.zoomAt(1.5), "-": () => this.zoomAt(1 / 1.5),
      "[": () => this.set({ angle: this.view.angle + 5 }), "]": () => this.set({ angle: this.view.angle - 5 }),
      0: () => this.reset(),
    }[event.key];
    if (does) { event.preventDefault(); does(); }
  }
}
