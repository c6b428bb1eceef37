// Downloads: Python draws the figure or packs the maps of exactly what is in view; nothing is kept there.

// Where the labels are this one, as bits, row by row, the highest first, in base64.
function packLabels(labels, label) {
  const packed = new Uint8Array(Math.ceil(labels.length / 8));
  for (let i = 0; i < labels.length; i++) if (labels[i] === label) packed[i >> 3] |= 128 >> (i & 7);
  return btoa(String.fromCharCode(...packed));
}

async function download(kind) {
  const { loss, weighting, radius, threshold, palette } = state;
  const view = { figure: ["compare", "organs"].includes(state.tab) ? state.tab : "anatomy", loss, weighting, radius, threshold, palette };
  const labels = study.labels && study.drawn ? packLabels(study.labels, 1) : null;
  const ignored = labels && study.ignored ? packLabels(study.labels, IGNORE) : null;
  say("Preparing the file\u2026");
  try {
    const file = await inTurn(server.export_view(JSON.stringify({ of: origin, labels, ignored, view, kind })));
    if (file.error) return say(file.error, true);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([bytes(file.data)], { type: file.type }));
    link.download = file.name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    say(`${file.name} was downloaded.`);
  } catch {
    say("The server did not answer; what you see is still yours. Check the connection and try again.", true);
  }
}
