// The checksum of PNG, gzip and zip.

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
  return n >>> 0;
});

/** @param {Uint8Array} data */
export function crc32(data) {
  let crc = ~0;
  for (let i = 0; i < data.length; i++) crc = TABLE[(crc ^ data[i]) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}
