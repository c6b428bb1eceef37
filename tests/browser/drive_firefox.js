// Firefox on the page: node drive_firefox.js FIREFOX ADDRESS IMAGE -> what it saw at first, after a file, at R = 60.
import { readFileSync } from "node:fs";
import puppeteer from "puppeteer-core";

const [firefox, address, image] = process.argv.slice(2);
const look = readFileSync(new URL("look.js", import.meta.url), "utf8").replace(/;\s*$/, "");
const browser = await puppeteer.launch({ browser: "firefox", executablePath: firefox, headless: true });
try {
  const page = await browser.newPage();
  await page.setViewport({ width: 1440, height: 900 });
  await page.goto(address);
  await page.waitForSelector(".dbce[data-ready=true]", { timeout: 90000 });
  const seen = [await page.evaluate(`(${look})()`)];
  const input = await page.$("[data-file=image]");
  await input.uploadFile(image);
  const name = image.split("/").at(-1);
  await page.waitForFunction((name) => document.querySelector(".message").textContent.includes(name), {}, name);
  // without a server the networks answer one after the other
  await page.waitForFunction(() => !document.querySelector(".dbce").parentElement.dbce.study.pending.length);
  seen.push(await page.evaluate(`(${look})()`));
  await page.click(".examples button");
  await page.waitForFunction(() => document.querySelector(".message").textContent.startsWith("Drawn example 1"));
  await page.$eval(".controls [data-field=radius]", (slider) => {
    slider.value = "60";
    slider.dispatchEvent(new Event("input", { bubbles: true }));
  });
  seen.push(await page.evaluate(`(${look})()`));
  process.stdout.write(JSON.stringify(seen));
} finally {
  await browser.close();
}
