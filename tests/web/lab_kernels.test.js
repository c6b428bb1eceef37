import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { exp, log, pow } from "../../dbce/web/lab/arithmetic.js";
import { random } from "../../dbce/web/lab/random.js";
import { golden, kernels, networkOf, pass } from "./lab_golden.js";
import { Network } from "../../dbce/web/lab/network.js";

const ROOT = new URL("../../", import.meta.url);
const stored = await readFile(new URL("dbce/web/lab/kernels.wasm", ROOT));
const compiler = spawnSync("clang", ["--version"], { encoding: "utf8" }).stdout?.match(/version (\S+)/)?.[1];
const made = (module) => Buffer.from(WebAssembly.Module.customSections(module, "producers")[0]).toString();

test(
  "make lab gives the stored kernels: their bytes from the same clang, their results from any other",
  { skip: compiler ? false : "no clang here: apt-get install clang lld" },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "lab-"));
    try {
      const file = join(folder, "kernels.wasm");
      const { status, stderr } = spawnSync("make", ["lab", `KERNELS=${file}`], { cwd: ROOT, encoding: "utf8" });
      assert.equal(status, 0, stderr);
      const built = await readFile(file);
      const module = await WebAssembly.compile(built);
      if (made(module) === made(kernels)) assert.ok(built.equals(stored), "the stored file is out of date: make lab");
      for (const one of golden.cases.slice(-2)) {
        const { objects } = one;
        const other = new Network(module, { objects, width: golden.width, batch: golden.batch });
        const prints = [networkOf(one), other].map((network) => {
          for (let step = 0; step < 3; step++) {
            pass(network, one, step);
            network.update(0.003);
          }
          return network.fingerprint();
        });
        assert.equal(prints[1], prints[0]);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  },
);

test("exp, log and powers are right to the last bits, and at the ends", () => {
  const u = random(5);
  for (let i = 0; i < 20000; i++) {
    const x = (u() - 0.5) * 1380;
    assert.ok(Math.abs(exp(x) / Math.exp(x) - 1) < 2e-15, `exp(${x})`);
    const y = u() * 10 ** ((u() - 0.5) * 200);
    assert.ok(Math.abs(log(y) - Math.log(y)) <= 2e-15 * Math.max(Math.abs(Math.log(y)), 1e-2), `log(${y})`);
    const [a, b] = [u() * 4, (u() - 0.5) * 9];
    assert.ok(Math.abs(pow(a, b) / a ** b - 1) < 1e-13, `${a} ^ ${b}`);
  }
  assert.deepEqual([exp(0), exp(-1e9), exp(1e9), exp(NaN)], [1, 0, Infinity, NaN]);
  assert.deepEqual([log(1), log(0), log(-1), log(Infinity), log(NaN)], [0, -Infinity, NaN, Infinity, NaN]);
  assert.deepEqual([pow(-3, 3), pow(2, -2), pow(0, 0), pow(-2, 0.5), pow(0, 0.5)], [-27, 0.25, 1, NaN, 0]);
});

test("the kernels' exp and log are the page's, to the bit", () => {
  const { exponential, logarithm } = new Network(kernels).kernels;
  const u = random(6);
  for (let i = 0; i < 20000; i++) {
    const [x, y] = [-u() * 60, u() * 8];
    assert.equal(exponential(x), exp(x));
    assert.equal(logarithm(y), log(y));
  }
});
