import assert from "node:assert/strict";
import test from "node:test";
import { dotAreas, GLOSSARY, pieces, whyOne } from "../../dbce/web/core/glossary.js";
import { best } from "../../dbce/web/parts/table.js";
import { explained } from "../../dbce/web/parts/term.js";

test("a dot of 13 pixels, dilated: counted pixel by pixel", () => {
  const areas = dotAreas();
  const dot = [];
  for (let x = -2; x <= 2; x++) for (let y = -2; y <= 2; y++) if (x * x + y * y <= 4) dot.push([x, y]);
  for (const radius of [0, 1, 5, 20]) {
    let area = 0;
    for (let x = -30; x <= 30; x++)
      for (let y = -30; y <= 30; y++) if (dot.some(([a, b]) => (x - a) ** 2 + (y - b) ** 2 <= radius * radius)) area++;
    assert.equal(areas[radius], area, `radius ${radius}`);
  }
  assert.match(whyOne(20, areas), /dot of 13 pixels weighs 1\/14 a pixel at R = 0, and 1\/1\u2009494 at R = 20/);
});

test("every form of a term is found, once, and nothing of the text is lost", () => {
  for (const [key, { term, also = [] }] of Object.entries(GLOSSARY))
    for (const form of [term, ...also]) {
      const text = `so (${form}), and ${form} again`;
      const found = pieces(text);
      assert.deepEqual(
        found.filter((piece) => piece.key).map((piece) => [piece.text, piece.key]),
        [[form, key]],
      );
      assert.equal(found.map((piece) => piece.text).join(""), text);
    }
});

test("a term is a word of its own", () => {
  assert.deepEqual(pieces("rims of prim diskettes, Dices"), [{ text: "rims of prim diskettes, Dices" }]);
  assert.deepEqual(
    pieces("Dice + CE").map(({ key }) => key),
    ["dice", undefined, "ce"],
  );
  assert.equal(explained("no such word"), "no such word");
  assert.equal(explained("the rim"), 'the <button type="button" class="term" data-term="rim">rim</button>');
});

test("the terms that a visitor cannot know are explained, in a sentence that does not lean on the term alone", () => {
  for (const term of ["nats", "W\u1d9c", "M", "disk", "Dice", "IoU", "rim", "seed", "short run", "phantom"])
    assert.ok(pieces(term)[0].key, term);
  for (const data of ["Kvasir-SEG", "CVC-ClinicDB", "ISIC 2018"]) assert.ok(pieces(data)[0].key, data);
  for (const { term, text } of Object.values(GLOSSARY)) {
    assert.match(text, /^[A-Z0-9\u2212].*\.$/, term);
    assert.ok(text.length > 40 && text.length < 280, term);
  }
});

test("nothing is best where the largest tie as they are written, where there is one, or at 0.0", () => {
  assert.equal(best([0.9321, 0.907]), 93.2);
  for (const none of [[], [0.9], [0, 0, 0], [0.0001, 0.0003], [0.93211, 0.93209, 0.5]])
    assert.ok(Number.isNaN(best(none)));
  assert.equal(best([0.5, 0.5, 0.6]), 60);
});
