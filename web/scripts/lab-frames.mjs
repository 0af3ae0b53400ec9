// How smoothly the laboratory's pictures scrub: node scripts/lab-frames.mjs URL, where the laboratory is served (make lab).
//
// Plays two runs at real speed in headless Chromium, all of them in view, and prints frames per second and tasks longer than 50 ms. Before that, how long each incident takes from the click to both pictures.
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

{
  const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
  await page.addInitScript(() => localStorage.setItem("raftly-lab-tour-seen", "yes"));
  await page.goto(`${url}/lab`);
  await page.getByRole("slider").nth(1).waitFor();
  const times = await page.evaluate(async () => {
    const incidents = (await (await fetch("/api/lab/incidents")).json()).filter(({ waits_for }) => !waits_for);
    // Both runs of another incident: the verdicts and the pictures are put there in one go.
    const drawn = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    const times = [];
    for (const { name, title } of [...incidents.slice(1), incidents[0]]) {
      const entry = [...document.querySelectorAll("button[aria-current]")].find((b) => b.textContent.startsWith(title));
      const begin = performance.now();
      entry.click();
      await drawn();
      while (document.querySelector("[data-busy]")) await drawn();
      times.push([name, Math.round(performance.now() - begin)]);
    }
    return times;
  });
  const sorted = times.map(([, ms]) => ms).sort((a, b) => a - b);
  console.log(
    `an incident both ways, from click to picture: ${sorted[0]} to ${sorted.at(-1)} ms, ` +
      `median ${sorted[sorted.length >> 1]} ms (longest: ${times.find(([, ms]) => ms === sorted.at(-1))[0]})`,
  );
  await page.close();
}

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
