// Sentences that Python writes and the page fills in.

/**
 * A sentence with its names filled in; numbers get three digits.
 * @param {{sentences: Record<string, string>}} told
 * @param {string} key
 * @param {Record<string, string | number>} values
 */
export const say = ({ sentences }, key, values) =>
  sentences[key].replace(/\{(\w+)\}/g, (_, name) => {
    const value = values[name];
    return typeof value === "number" && !Number.isInteger(value) ? String(+value.toPrecision(3)) : String(value);
  });
