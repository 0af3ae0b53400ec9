import { defineConfig } from "vitest/config";

// The page in a real browser against real servers. Nothing here is timed: the limits only end what hangs, and are
// generous because the machine may be busy.
export default defineConfig({
  test: {
    root: new URL(".", import.meta.url).pathname,
    include: ["*.e2e.ts"],
    environment: "node",
    fileParallelism: false,
    expect: { poll: { timeout: 60_000, interval: 100 } },
    testTimeout: 120_000,
    hookTimeout: 120_000,
    outputFile: { junit: "../reports/e2e.xml" },
  },
});
