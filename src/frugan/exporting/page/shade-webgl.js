// Shades the places where lines meet, on the graphics card: one WebGL2 fragment shader, a fragment for each pixel.
// Weights and lines are textures of float32, read with texelFetch alone, so no extension is needed.

import { Breath } from "./tensors.js";

const ROW = 1024; // texels of a row of the weights' texture
const SLOW = 30; // milliseconds; strips become smaller so that the page can answer

const VERTEX = `#version 300 es
void main() { gl_Position = vec4(4 * (gl_VertexID & 1) - 1, 2 * (gl_VertexID & 2) - 1, 0, 1); }`;

export class WebGLShader {
  // `lines`: {thickness, channels, colours}. Throws where there is no WebGL2.
  constructor(lines) {
    Object.assign(this, lines);
    this.name = "WebGL2";
    this.canvas = document.createElement("canvas");
    const gl = this.gl = this.canvas.getContext("webgl2", { antialias: false, depth: false, premultipliedAlpha: false });
    if (!gl) throw new Error("This browser has no WebGL2. Choose JavaScript.");
    this.quads = Math.ceil(this.channels / 4);
    this.textures = { weights: gl.createTexture(), rows: gl.createTexture(), cols: gl.createTexture() };
    this.target = gl.createTexture();
    this.strip = 16; // rows that are drawn at once
  }

  async shade(steps, rows, cols, [height, width], signal) {
    const { gl } = this, breath = new Breath(signal), pixels = new Uint8Array(4 * height * width);
    if (gl.isContextLost()) throw new Error("The graphics card was lost. Reload the page, or choose JavaScript.");
    if (this.steps !== steps) this.prepare(steps);
    this.upload("rows", rows, height);
    this.upload("cols", cols, width);
    this.aim(height, width);
    for (let row = 0; row < height;) {
      const began = performance.now(), count = Math.min(this.strip, height - row);
      gl.scissor(0, row, width, count);
      gl.drawArrays(gl.TRIANGLES, 0, 3);
      gl.readPixels(0, row, width, count, gl.RGBA, gl.UNSIGNED_BYTE, pixels, 4 * row * width);
      row += count;
      const took = performance.now() - began;
      this.strip = took > SLOW ? Math.max(1, this.strip >> 1) : took < SLOW / 4 ? Math.min(256, this.strip * 2) : this.strip;
      await breath.take();
    }
    return new Uint8ClampedArray(pixels.buffer);
  }

  // A program and weights for these steps. Programs differ by shapes alone, so one serves all styles.
  prepare(steps) {
    const { gl } = this, weights = [];
    let text = "";
    const quads = (count) => Math.ceil(count / 4);
    let from = "a", to = "b", widest = this.quads;
    for (const { fuse, layer, colours } of steps) {
      if (layer ?? colours) {
        const { ins, outs, slope, limit } = layer ?? colours, at = weights.length / 4;
        pushLayer(weights, layer ?? colours);
        const values = `${at}, ${quads(ins)}, ${quads(outs)}, ${real(slope)}, ${real(Math.min(limit, 1e30))}`;
        if (layer) {
          text += `  map_${from}(${values});\n`;
          [from, to] = [to, from];
          widest = Math.max(widest, quads(outs));
        } else text += `  colour += leave_${from}(${values});\n`;
      } else text += `  fuse_${from}(${fuse}, place);\n`;
    }
    const source = fragment(this, widest, text);
    if (source !== this.source) { this.program = compiled(gl, source); this.source = source; }
    const height = Math.ceil(weights.length / 4 / ROW), padded = new Float32Array(4 * ROW * height);
    padded.set(weights);
    this.fill("weights", padded, ROW, height);
    this.steps = steps;
  }

  // Lines (levels, slots, channels, count) as texels of four channels: a row for each line, a column for each place.
  upload(name, lines, count) {
    const { channels, quads } = this, groups = lines.length / channels / count;
    const packed = new Float32Array(4 * groups * quads * count);
    for (let g = 0; g < groups; g++) {
      for (let c = 0; c < channels; c++) {
        let to = 4 * (g * quads + (c >> 2)) * count + (c & 3), at = (g * channels + c) * count;
        for (let i = 0; i < count; i++, to += 4) packed[to] = lines[at + i];
      }
    }
    this.fill(name, packed, count, groups * quads);
  }

  fill(name, numbers, width, height) {
    const { gl } = this, most = gl.getParameter(gl.MAX_TEXTURE_SIZE);
    if (Math.max(width, height) > most) throw new Error(`The graphics card takes textures up to ${most}. Choose JavaScript.`);
    gl.activeTexture(gl.TEXTURE0 + Object.keys(this.textures).indexOf(name));
    gl.bindTexture(gl.TEXTURE_2D, this.textures[name]);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA32F, width, height, 0, gl.RGBA, gl.FLOAT, numbers);
    for (const filter of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, filter, gl.NEAREST);
  }

  aim(height, width) {
    const { gl } = this;
    gl.activeTexture(gl.TEXTURE3);
    gl.bindTexture(gl.TEXTURE_2D, this.target);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, width, height, 0, gl.RGBA, gl.UNSIGNED_BYTE, null);
    this.frame ??= gl.createFramebuffer();
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.frame);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, this.target, 0);
    gl.viewport(0, 0, width, height);
    gl.enable(gl.SCISSOR_TEST);
    gl.useProgram(this.program);
    Object.keys(this.textures).forEach((name, unit) => gl.uniform1i(gl.getUniformLocation(this.program, name), unit));
  }
}

// Biases, then blocks of 4 x 4: a texel holds what one channel adds to four.
function pushLayer(weights, { weight, bias, ins, outs }) {
  for (let o = 0; o < outs; o += 4) {
    for (let k = 0; k < 4; k++) weights.push(o + k < outs ? bias[o + k] : 0);
    for (let c = 0; c < Math.ceil(ins / 4) * 4; c++) {
      for (let k = 0; k < 4; k++) weights.push(o + k < outs && c < ins ? weight[(o + k) * ins + c] : 0);
    }
  }
}

function fragment({ thickness, quads, colours }, widest, steps) {
  const row = (x) => `
    vec4 sum = texel(at++);
    for (int i = 0; i < ins; i++, at += 4) {
      sum += texel(at) * ${x}[i].x + texel(at + 1) * ${x}[i].y + texel(at + 2) * ${x}[i].z + texel(at + 3) * ${x}[i].w;
    }
    sum = clamp(max(sum, 0.0) + slope * min(sum, 0.0), -limit, limit);`;
  const functions = [["a", "b"], ["b", "a"]].map(([x, y]) => `
void map_${x}(int at, int ins, int outs, float slope, float limit) {
  for (int o = 0; o < outs; o++) {${row(x)}
    ${y}[o] = sum;
  }
}
vec4 leave_${x}(int at, int ins, int outs, float slope, float limit) {${row(x)}
  return sum;
}
void fuse_${x}(int level, ivec2 place) {
  for (int c = 0; c < ${quads}; c++) {
    vec4 sum = vec4(0);
    for (int d = 0; d < ${thickness}; d++) {
      int line = (level * ${thickness} + d) * ${quads} + c;
      sum += texelFetch(rows, ivec2(place.y, line), 0) * texelFetch(cols, ivec2(place.x, line), 0);
    }
    ${x}[c] = level == 0 ? sum : ${x}[c] + sum;
  }
}`);
  return `#version 300 es
precision highp float;
precision highp int;
precision highp sampler2D;
uniform sampler2D weights, rows, cols;
out vec4 pixel;
vec4 a[${widest}], b[${widest}];
vec4 texel(int at) { return texelFetch(weights, ivec2(at % ${ROW}, at / ${ROW}), 0); }
${functions.join("")}
void main() {
  ivec2 place = ivec2(gl_FragCoord.xy);
  vec4 colour = vec4(0);
${steps}
  vec4 share = clamp((colour + 1.0) / 2.0, 0.0, 1.0);
  ${{ 1: "share = vec4(share.xxx, 1);", 3: "share.a = 1.0;", 4: "share = share.a > .5 / 255.0 ? vec4(min(share.rgb / share.a, 1.0), share.a) : vec4(0);" }[colours]}
  pixel = floor(share * 255.0 + 0.5) / 255.0;
}`;
}

const real = (value) => (Number.isInteger(value) && Math.abs(value) < 1e9 ? `${value}.0` : String(value));

function compiled(gl, source) {
  const program = gl.createProgram();
  for (const [kind, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, source]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(`The graphics card refuses the shader: ${gl.getShaderInfoLog(shader)}`);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(`The graphics card refuses the shader: ${gl.getProgramInfoLog(program)}`);
  return program;
}
