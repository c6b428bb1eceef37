// Group 4 of a TIFF (ITU-T T.6): one bit a pixel, every row told by how it differs from the one above.

// the codes of runs of 0, 1, 2, ... pixels, then of 64, 128, ... (T.4, tables 2 and 3)
const WHITE = `00110101 000111 0111 1000 1011 1100 1110 1111 10011 10100 00111 01000 001000 000011 110100 110101
101010 101011 0100111 0001100 0001000 0010111 0000011 0000100 0101000 0101011 0010011 0100100
0011000 00000010 00000011 00011010 00011011 00010010 00010011 00010100 00010101 00010110 00010111
00101000 00101001 00101010 00101011 00101100 00101101 00000100 00000101 00001010 00001011 01010010
01010011 01010100 01010101 00100100 00100101 01011000 01011001 01011010 01011011 01001010 01001011
00110010 00110011 00110100 11011 10010 010111 0110111 00110110 00110111 01100100 01100101 01101000
01100111 011001100 011001101 011010010 011010011 011010100 011010101 011010110 011010111 011011000
011011001 011011010 011011011 010011000 010011001 010011010 011000 010011011`;
const BLACK = `0000110111 010 11 10 011 0011 0010 00011 000101 000100 0000100 0000101 0000111 00000100 00000111
000011000 0000010111 0000011000 0000001000 00001100111 00001101000 00001101100 00000110111
00000101000 00000010111 00000011000 000011001010 000011001011 000011001100 000011001101 000001101000
000001101001 000001101010 000001101011 000011010010 000011010011 000011010100 000011010101
000011010110 000011010111 000001101100 000001101101 000011011010 000011011011 000001010100
000001010101 000001010110 000001010111 000001100100 000001100101 000001010010 000001010011
000000100100 000000110111 000000111000 000000100111 000000101000 000001011000 000001011001
000000101011 000000101100 000001011010 000001100110 000001100111 0000001111 000011001000
000011001001 000001011011 000000110011 000000110100 000000110101 0000001101100 0000001101101
0000001001010 0000001001011 0000001001100 0000001001101 0000001110010 0000001110011 0000001110100
0000001110101 0000001110110 0000001110111 0000001010010 0000001010011 0000001010100 0000001010101
0000001011010 0000001011011 0000001100100 0000001100101`;
const LONG = `00000001000 00000001100 00000001101 000000010010 000000010011 000000010100 000000010101 000000010110
000000010111 000000011100 000000011101 000000011110 000000011111`;

/** @param {string} own @returns {Map<string, number>} code -> length of a run */
function runsOf(own) {
  const codes = `${own} ${LONG}`.split(/\s+/);
  return new Map(codes.map((code, k) => [code, k < 64 ? k : 64 * (k - 63)]));
}

const RUNS = [runsOf(WHITE), runsOf(BLACK)];
const [PASS, ACROSS] = [8, 9];
/** Beside these: how far the change lies from the one above. */
const MODES = new Map(
  Object.entries({ "0001": PASS, "001": ACROSS, 1: 0, "011": 1, "000011": 2, "0000011": 3 }).concat(
    Object.entries({ "010": -1, "000010": -2, "0000010": -3 }),
  ),
);

/**
 * @param {Uint8Array} piece
 * @param {number} width
 * @param {number} rows
 * @returns {Uint8Array} rows of whole bytes, 1 for black; fewer rows if the data end before
 */
export function group4(piece, width, rows) {
  const stride = Math.ceil(width / 8);
  const out = new Uint8Array(stride * rows);
  let at = 0;
  /**
   * @template T
   * @param {Map<string, T>} codes
   * @returns {T | undefined}
   */
  const next = (codes) => {
    let code = "";
    for (; code.length < 14 && at < 8 * piece.length; at++) {
      if (codes.has(code)) break;
      code += (piece[at >> 3] >> (7 - (at & 7))) & 1;
    }
    return codes.get(code);
  };
  /** @param {0 | 1} colour */
  const run = (colour) => {
    let length = 0;
    for (;;) {
      const part = next(RUNS[colour]);
      if (part === undefined) return undefined;
      length += part;
      if (part < 64) return length;
    }
  };
  /** @type {number[]} where the colour changes, first to black */
  let above = [];
  for (let y = 0; y < rows; y++) {
    /** @type {number[]} */
    const own = [];
    let [place, colour] = [-1, /** @type {0 | 1} */ (0)];
    while (place < width) {
      let k = colour;
      while (k < above.length && above[k] <= place) k += 2;
      const [first, second] = [above[k] ?? width, above[k + 1] ?? width];
      const mode = next(MODES);
      if (mode === undefined) return out.subarray(0, y * stride);
      if (mode === PASS) place = second;
      else if (mode === ACROSS) {
        const [one, other] = [run(colour), run(/** @type {0 | 1} */ (1 - colour))];
        if (one === undefined || other === undefined) return out.subarray(0, y * stride);
        own.push(Math.max(place, 0) + one, Math.max(place, 0) + one + other);
        place = own[own.length - 1];
      } else {
        place = first + mode;
        own.push(place);
        colour = /** @type {0 | 1} */ (1 - colour);
      }
    }
    for (let k = 0; k < own.length; k += 2)
      for (let x = own[k]; x < Math.min(own[k + 1] ?? width, width); x++) out[y * stride + (x >> 3)] |= 128 >> (x & 7);
    above = own;
  }
  return out;
}
