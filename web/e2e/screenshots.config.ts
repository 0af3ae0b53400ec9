import { mergeConfig } from "vitest/config";
import tests from "./vitest.config";

// Not tests, but the same stage: pictures of a real cluster for the README.
export default mergeConfig(
  { ...tests, test: { ...tests.test, include: [] } },
  { test: { include: ["screenshots.ts"] } },
);
