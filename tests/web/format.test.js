import assert from "node:assert/strict";
import test from "node:test";
import { digits, grouped, percent, power } from "../../dbce/web/core/format.js";

test("numbers keep three digits, at any size", () => {
  assert.equal(digits(0), "0");
  assert.equal(digits(0.123456), "0.123");
  assert.equal(digits(-12.345), "\u221212.3");
  assert.equal(digits(0.0000123456), "1.23\u00b710\u207b\u2075");
  assert.equal(digits(12345), "1.23\u00b710\u2074");
});

test("counts are grouped, shares are percent, exponents are raised", () => {
  assert.equal(grouped(102400), "102\u2009400");
  assert.equal(percent(0.12345), "12.3");
  assert.equal(power(-10), "10\u207b\u00b9\u2070");
});
