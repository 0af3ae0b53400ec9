// The last line of a test run, "N passed, N failed", from its JUnit report: summary.mjs <report>. Fails where a test
// failed, or where there is no report.
import { readFileSync } from "node:fs";

const suites = readFileSync(process.argv[2], "utf8").match(/<testsuite [^>]*>/g) ?? [];
const sum = (name) => suites.reduce((total, suite) => total + Number(suite.match(` ${name}="(\\d+)"`)?.[1] ?? 0), 0);

const failed = sum("failures") + sum("errors");
const skipped = sum("skipped");
const passed = sum("tests") - failed - skipped;
console.log(`${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ""}`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
