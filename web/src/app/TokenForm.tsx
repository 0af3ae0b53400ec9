import { useState, type FormEvent } from "react";
import { messageOf } from "@/api/request";
import { beginSession, type Session } from "@/api/session";
import { Button } from "@/components/Button";

// Asks for the token, once. It is not kept: a cookie comes back for it.
export function TokenForm({ onSession }: { onSession(session: Session): void }) {
  const [token, setToken] = useState("");
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    try {
      onSession(await beginSession(token.trim()));
    } catch (thrown) {
      setError(messageOf(thrown));
    } finally {
      setBusy(false);
      setToken("");
    }
  };

  return (
    <main className="grid h-dvh place-items-center p-4">
      <form onSubmit={submit} className="grid w-full max-w-sm gap-3 rounded-md border border-line bg-panel p-4">
        <h1 className="text-base font-bold">Raftly</h1>
        <label className="grid gap-1 font-medium">
          Token
          <input
            type="password"
            value={token}
            autoComplete="current-password"
            onChange={(event) => setToken(event.target.value)}
            className="rounded-md border border-line bg-page px-2 py-1.5 font-mono"
          />
        </label>
        <p className="text-xs text-muted">
          This node wants one, from its file of tokens. The page looks with the role read; the controls need write,
          operate and chaos.
        </p>
        {error && (
          <p role="alert" className="text-down">
            {error}
          </p>
        )}
        <Button type="submit" look="primary" busy={busy} disabled={token.trim() === ""}>
          Begin
        </Button>
      </form>
    </main>
  );
}
