// A page of another site, in the browser of somebody who is logged in here: it can neither act nor read.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { newToken, TestCluster } from "./support/cluster";
import { launch } from "./support/dashboard";

const directory = mkdtempSync(join(tmpdir(), "raftly-tokens-"));
let cluster: TestCluster;
let browser: Browser;
let elsewhere: Server;
let context: BrowserContext;
let ours: Page;
let theirs: Page;

beforeAll(async () => {
  const [token, line] = newToken("all", "read,write,operate,chaos");
  const tokens = join(directory, "tokens.json");
  writeFileSync(tokens, `[${line}]`);
  elsewhere = createServer((_, answer) => answer.setHeader("Content-Type", "text/html").end("<body>elsewhere</body>"));
  await new Promise<void>((resolve) => elsewhere.listen(0, "127.0.0.1", resolve));
  [cluster, browser] = await Promise.all([
    TestCluster.start(["node1"], undefined, { flags: ["-tokens", tokens], token }),
    launch(),
  ]);
});
afterAll(async () => {
  elsewhere.close();
  await Promise.all([cluster?.stop(), browser?.close()]);
  rmSync(directory, { recursive: true, force: true });
});

beforeEach(async () => {
  await cluster.send("PUT", "/keys/k", { value: "untouched" });
  context = await browser.newContext();
  ours = await context.newPage();
  await ours.goto(cluster.url());
  await expect
    .poll(() =>
      ours.evaluate(
        async (token) => (await fetch("/api/session", { method: "POST", body: JSON.stringify({ token }) })).status,
        cluster.access.token!,
      ),
    )
    .toBe(200);
  theirs = await context.newPage();
  // Another site, not only another port: 127.0.0.1 is ours.
  await theirs.goto(`http://localhost:${(elsewhere.address() as AddressInfo).port}/`);
});
afterEach(() => context.close());

// The statuses of what is asked for from now on, by any page.
function answersFrom(path: string): number[] {
  const statuses: number[] = [];
  context.on("response", (response) => {
    if (response.url() === cluster.url() + path) statuses.push(response.status());
  });
  return statuses;
}
const valueNow = async () => (await cluster.get<{ value: string }>("/keys/k")).value;

it("our own page may: the session is worth something", async () => {
  const writeHere = () =>
    ours.evaluate(
      async () => (await fetch("/keys/k", { method: "PUT", body: JSON.stringify({ value: "ours" }) })).status,
    );
  await expect.poll(writeHere).toBe(200);
  await expect.poll(valueNow).toBe("ours");
});

// Requests that a browser sends without asking first.
it.each([
  ["/keys/k", `{"append":"!"}`],
  ["/api/txn", `{"then":[{"op":"put","key":"k","value":"theirs"}]}`],
  ["/api/cluster/config", `{"heartbeat_ms":99}`],
  ["/api/session", `{"token":"guess"}`],
])("a simple request to %s changes nothing", async (path, body) => {
  const answers = answersFrom(path);
  await theirs.evaluate(
    ([url, text]) => void fetch(url!, { method: "POST", mode: "no-cors", credentials: "include", body: text! }),
    [cluster.url() + path, body],
  );
  await expect.poll(() => answers).toEqual([403]);
  await expect.poll(valueNow).toBe("untouched");
});

it("a form that submits itself changes nothing", async () => {
  const answers = answersFrom("/keys/k");
  await theirs.setContent(
    `<form action="${cluster.url()}/keys/k" method="POST" enctype="text/plain">
       <input name='{"append":"' value='"}'>
     </form>
     <script>document.forms[0].submit()</script>`,
  );
  await expect.poll(() => answers).toEqual([403]);
  await expect.poll(valueNow).toBe("untouched");
});

it.each(["PUT", "DELETE"])("%s is not even sent", async (method) => {
  const sendFromThere = () =>
    theirs.evaluate(
      async ([url, verb]) => {
        try {
          return (await fetch(url!, { method: verb!, credentials: "include", body: '{"value":"theirs"}' })).status;
        } catch {
          return "refused by the browser";
        }
      },
      [`${cluster.url()}/keys/k`, method],
    );
  await expect.poll(sendFromThere).toBe("refused by the browser");
  await expect.poll(valueNow).toBe("untouched");
});

it("what a node says cannot be read, not even by what goes there itself", async () => {
  const readFromThere = () =>
    theirs.evaluate(async (url) => {
      try {
        return await (await fetch(url, { credentials: "include" })).text();
      } catch {
        return "refused by the browser";
      }
    }, `${cluster.url()}/keys/k`);
  await expect.poll(readFromThere).toBe("refused by the browser");
  // The cookie stays at home: who follows a link from there is nobody yet.
  const answers = answersFrom("/keys/k");
  await theirs.evaluate((url) => void (location.href = url), `${cluster.url()}/keys/k`);
  await expect.poll(() => answers).toEqual([401]);
});
