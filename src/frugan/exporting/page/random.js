// NumPy's random numbers of a seed, digit by digit: what `frugan sample` begins with.

const LENGTH = 624; // numbers of a Mersenne Twister's state
const HALFWAY = 397;

// The Mersenne Twister (Matsumoto and Nishimura 1998), as NumPy's legacy RandomState keeps it.
export class Twister {
  constructor(key, position) {
    this.key = key; // Uint32Array of 624
    this.position = position; // of the next number in it
    this.spare = null; // normal numbers come in pairs
  }

  // RandomState(seed), seed from 0 to 2^32 - 1.
  static ofSeed(seed) {
    const key = new Uint32Array(LENGTH);
    key[0] = seed;
    for (let i = 1; i < LENGTH; i++) key[i] = Math.imul(1812433253, key[i - 1] ^ (key[i - 1] >>> 30)) + i;
    return new Twister(key, LENGTH);
  }

  // RandomState(MT19937(SeedSequence(entropy))), entropy a list of numbers from 0 to 2^32 - 1.
  static ofSequence(entropy) {
    const key = seedState(entropy, LENGTH);
    key[0] = 0x80000000;
    return new Twister(key, LENGTH - 1);
  }

  bits() {
    if (this.position === LENGTH) this.twist();
    let y = this.key[this.position++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  twist() {
    const { key } = this;
    for (let i = 0; i < LENGTH; i++) {
      const y = (key[i] & 0x80000000) | (key[(i + 1) % LENGTH] & 0x7fffffff);
      key[i] = key[(i + HALFWAY) % LENGTH] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.position = 0;
  }

  // From 0 to 1, 53 bits of them.
  uniform() {
    const high = this.bits() >>> 5, low = this.bits() >>> 6;
    return (high * 67108864 + low) / 9007199254740992;
  }

  // The polar method: two at a time, the second one first.
  normal() {
    if (this.spare !== null) {
      const kept = this.spare;
      this.spare = null;
      return kept;
    }
    let x, y, square;
    do {
      x = 2 * this.uniform() - 1;
      y = 2 * this.uniform() - 1;
      square = x * x + y * y;
    } while (square >= 1 || square === 0);
    const scale = Math.sqrt((-2 * Math.log(square)) / square);
    this.spare = scale * x;
    return scale * y;
  }

  // RandomState.choice(counts.length, p = counts / their sum).
  choice(counts) {
    const total = counts.reduce((sum, count) => sum + count, 0);
    let sum = 0;
    const ends = counts.map((count) => (sum += count / total));
    const drawn = this.uniform();
    const found = ends.findIndex((end) => drawn < end / sum);
    return found < 0 ? counts.length - 1 : found;
  }
}

// RandomState(seed).randn(1, length), in float32.
export function latents(seed, length) {
  const random = Twister.ofSeed(seed);
  return Float32Array.from({ length }, () => random.normal());
}

// The class that a seed draws: the more training images a class had, the more seeds.
export function seedLabel(seed, counts) {
  return Twister.ofSequence([seed, 1]).choice(counts);
}

// SeedSequence(entropy).generate_state(length) (O'Neill 2015, "Developing a seed_seq alternative").
function seedState(entropy, length) {
  const pool = new Uint32Array(4);
  let constant = 0x43b0d7e5;
  const hashed = (value) => {
    value ^= constant;
    constant = Math.imul(constant, 0x931e8875);
    value = Math.imul(value, constant);
    return value ^ (value >>> 16);
  };
  const mixed = (x, y) => {
    const value = Math.imul(0xca01f9dd, x) - Math.imul(0x4973f715, y);
    return value ^ (value >>> 16);
  };
  for (let i = 0; i < 4; i++) pool[i] = hashed(entropy[i] ?? 0);
  for (let from = 0; from < 4; from++) {
    for (let to = 0; to < 4; to++) if (from !== to) pool[to] = mixed(pool[to], hashed(pool[from]));
  }
  const state = new Uint32Array(length);
  constant = 0x8b51f9dd;
  for (let i = 0; i < length; i++) {
    let value = pool[i % 4] ^ constant;
    constant = Math.imul(constant, 0x58f38ded);
    value = Math.imul(value, constant);
    state[i] = value ^ (value >>> 16);
  }
  return state;
}
