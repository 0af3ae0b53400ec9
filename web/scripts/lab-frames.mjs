// How smoothly the laboratory's pictures scrub: node scripts/lab-frames.mjs URL, where the laboratory is served (make lab).
//
// Plays two runs at real speed in headless Chromium, all of them in view, and prints
// frames per second and tasks longer than 50 ms.
import { chromium } from "playwright-core";
import { deflateRawSync } from "node:zlib";

const url = process.argv[2] ?? "http://localhost:8000";
const browser = await chromium.launch({ executablePath: process.env.RAFTLY_CHROMIUM ?? "/usr/bin/chromium" });

const linkOf = (experiment) => deflateRawSync(JSON.stringify(experiment)).toString("base64url");

// Writes at a steady pace: each is some messages.
const busy = (duration_ms, every_ms) => ({
  format: 1,
  nodes: 3,
  seed: 1,
  duration_ms,
  off: ["pre_vote"],
  acts: Array.from({ length: Math.floor((duration_ms - 1000) / every_ms) }, (_, i) => ({
    at_ms: 800 + i * every_ms,
    do: "put",
    node: "leader",
    key: "k",
    value: `v${i}`,
  })),
});

for (const [duration_ms, every_ms] of [
  [10_000, 32],
  [40_000, 9],
]) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
  await page.addInitScript(() => localStorage.setItem("raftly-lab-tour-seen", "yes"));
  await page.goto(`${url}/lab#${linkOf(busy(duration_ms, every_ms))}`);
  await page.getByRole("slider").nth(1).waitFor({ timeout: 60_000 });
  const messages = await page.evaluate(
    async (body) => {
      const trace = await (await fetch("/api/lab/run", { method: "POST", body: JSON.stringify(body) })).json();
      return trace.summary.messages;
    },
    busy(duration_ms, every_ms),
  );
  await page.getByLabel("Speed").selectOption("1");
  await page.evaluate(() => {
    globalThis.seen = { frames: [], long: [] };
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) globalThis.seen.long.push(Math.round(entry.duration));
    }).observe({ entryTypes: ["longtask"] });
    const count = (time) => {
      globalThis.seen.frames.push(time);
      requestAnimationFrame(count);
    };
    requestAnimationFrame(count);
  });
  await page.getByRole("button", { name: "Play", exact: true }).click();
  await page.waitForTimeout(5000);
  const { frames, long } = await page.evaluate(() => globalThis.seen);
  const gaps = frames.slice(1).map((time, i) => time - frames[i]);
  const seconds = (frames.at(-1) - frames[0]) / 1000;
  console.log(
    `${messages} messages in each of two pictures: ${(gaps.length / seconds).toFixed(1)} frames/s, ` +
      `longest gap ${Math.max(...gaps).toFixed(0)} ms, ${long.length} tasks over 50 ms ${JSON.stringify(long.slice(0, 8))}`,
  );
  await page.close();
}
await browser.close();
