const PATIENCE_MS = 60_000;
const INTERVAL_MS = 100;

// Until `condition` holds, that is until it returns something, which is what comes out. For what happens in other
// processes, which cannot wake us.
export async function eventually<Result>(
  what: string,
  condition: () => Promise<Result>,
): Promise<Exclude<Result, false | null | undefined>> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const result = await condition().catch(() => undefined);
    if (result) return result as Exclude<Result, false | null | undefined>;
    if (Date.now() > end) throw new Error(`in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
  }
}
