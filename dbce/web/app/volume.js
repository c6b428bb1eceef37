// Scans: which slice is in view. Drawn ones stay with Python; an opened one lies here, and a slice at a time goes there.

let volume = null; // an opened scan: { title, count, shape, grey, labels }

async function inflate(text) {
  const stream = new Blob([bytes(text)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function deflate(data) {
  const stream = new Blob([data]).stream().pipeThrough(new CompressionStream("deflate"));
  const packed = new Uint8Array(await new Response(stream).arrayBuffer());
  let text = "";
  for (let i = 0; i < packed.length; i += 32768) text += String.fromCharCode(...packed.subarray(i, i + 32768));
  return btoa(text);
}

async function takeVolume(text, source) {
  const content = JSON.parse(text);
  const [grey, labels] = await Promise.all([inflate(content.grey), content.labels && inflate(content.labels)]);
  volume = { ...content, grey, labels, source };
}

// What asks Python for a slice of the scan in view.
async function sliceRequest(number) {
  if (!volume) return { example: state.example, slice: number };
  const cut = (stack) => stack && deflate(stack.subarray(number * study.count, (number + 1) * study.count));
  const [grey, labels] = await Promise.all([cut(volume.grey), cut(volume.labels)]);
  const title = `${volume.title}, slice ${number + 1} of ${volume.count}`;
  return { plane: { grey, labels: labels || null, title, place: [number, volume.count], shape: volume.shape } };
}

// Follow the slider: one question at a time, and always the newest next.
let wanted = null;
let asking = false;
async function goToSlice(number) {
  wanted = number;
  showPlace();
  if (asking) return;
  asking = true;
  try {
    while (wanted !== null) {
      const next = wanted;
      wanted = null;
      const good = await open(await sliceRequest(next), { slice: next }, false);
      if (!good) break;
    }
  } finally {
    asking = false;
    showPlace();
  }
}

function showPlace() {
  const box = $(".slices");
  const place = study?.place;
  box.hidden = !place || place[1] < 2;
  if (box.hidden) return;
  const now = wanted ?? place[0];
  const input = box.querySelector("input");
  input.max = place[1] - 1;
  input.value = now;
  input.setAttribute("aria-valuetext", `slice ${now + 1} of ${place[1]}`);
  box.querySelector("output").textContent = `${now + 1} / ${place[1]}`;
}
