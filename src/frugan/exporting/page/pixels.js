// Pixels of 8 bits, RGBA with straight alpha: compared, and averaged.

// The largest difference of two lists of pixels, in levels; a colour counts as much as it is opaque.
export function difference(expected, found) {
  let largest = 0;
  for (let at = 0; at < expected.length; at += 4) {
    largest = Math.max(largest, Math.abs(expected[at + 3] - found[at + 3]));
    for (let c = 0; c < 3; c++) {
      largest = Math.max(largest, Math.abs(expected[at + c] * expected[at + 3] - found[at + c] * found[at + 3]) / 255);
    }
  }
  return largest;
}

// Put means of supersample x supersample samples into a part of an image; colours weigh as much as they are opaque.
export function put(image, samples, [left, top, width, height], supersample) {
  const count = supersample ** 2;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const sum = [0, 0, 0, 0];
      for (let i = 0; i < count; i++) {
        const at = 4 * ((y * supersample + Math.floor(i / supersample)) * width * supersample + x * supersample + (i % supersample));
        for (let c = 0; c < 3; c++) sum[c] += samples[at + c] * samples[at + 3];
        sum[3] += samples[at + 3];
      }
      const to = 4 * ((top + y) * image.width + left + x);
      for (let c = 0; c < 3; c++) image.data[to + c] = sum[3] ? sum[c] / sum[3] : 0;
      image.data[to + 3] = sum[3] / count;
    }
  }
}
