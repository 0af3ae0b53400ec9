const PATIENCE_MS = 60_000;
const INTERVAL_MS = 100;

// Until `condition` holds. For what happens in other processes, which cannot wake us.
export async function eventually(what: string, condition: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    if (await condition().catch(() => false)) return;
    if (Date.now() > end) throw new Error(`in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
  }
}
