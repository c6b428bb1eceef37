// What a download is called: after the image and what is seen of it. Twin of file_name in dbce/page/views.py.

/**
 * @param {Record<string, any>} view fields of the state
 * @param {string} kind suffix of the file
 * @param {string} image its name, and that of its slice
 * @param {{task: string, weightings: Record<string, {has_radius: boolean}>}} config
 */
export function fileName(view, kind, image, { task, weightings }) {
  const { tab, map, weighting, radius, threshold, prior } = view;
  /** @type {Record<string, string[]>} */
  const about = {
    anatomy: [
      ...(map === "gradient" ? ["gradient"] : []),
      weighting,
      ...(weightings[weighting].has_radius ? [`r${radius}`] : []),
    ],
    compare: [`t${threshold.toFixed(2)}`, ...(prior === "corrected" ? ["corrected"] : [])],
  };
  return `${["dbce", tab === "results" ? task : stem(image), tab, ...(about[tab] ?? [])].join("-")}.${kind}`;
}

/** @param {string} name of an image -> without its suffix, in letters, digits, _, . and - */
export function stem(name) {
  const bare = name.replace(/(\.[A-Za-z][A-Za-z0-9]{0,4}){1,2}(?=$|, slice \d+$)/, "");
  const plain = bare.replace(/[^\p{L}\p{M}\p{N}_.]+/gu, "-").slice(0, 60);
  return plain.replace(/^[-._]+|[-._]+$/g, "") || "image";
}
