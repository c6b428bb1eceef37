import assert from "node:assert/strict";
import test from "node:test";
import * as format from "../../dbce/web/core/format.js";
import { golden } from "./golden.js";

test("numbers keep three digits, at any size", () => {
  assert.equal(format.digits(0), "0");
  assert.equal(format.digits(0.123456), "0.123");
  assert.equal(format.digits(-12.345), "\u221212.3");
  assert.equal(format.digits(0.0000123456), "1.23\u00b710\u207b\u2075");
  assert.equal(format.digits(12345), "1.23\u00b710\u2074");
});

test("counts are grouped, shares are percent, exponents are raised", () => {
  assert.equal(format.grouped(102400), "102\u2009400");
  assert.equal(format.percent(0.12345), "12.3");
  assert.equal(format.power(-10), "10\u207b\u00b9\u2070");
});

for (const [name, rows] of Object.entries(golden("format.json")))
  test(`Python writes the same: ${name}`, () => {
    for (const [value, text] of rows) assert.equal(format[name](value), text, String(value));
  });
