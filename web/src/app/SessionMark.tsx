import { useContext } from "react";
import { endSession } from "@/api/session";
import { SessionContext } from "@/state/session";
import { Button } from "@/components/Button";

const LOCAL = new Set(["localhost", "127.0.0.1", "[::1]"]);

// Who has come in, or that everybody can: from another machine without a token, or where others can listen.
export function SessionMark() {
  const session = useContext(SessionContext);
  if (!session) return null;
  const missing = [!session.required && "tokens", !session.encrypted && "TLS"].filter(Boolean).join(" and ");
  const exposed = missing !== "" && !LOCAL.has(location.hostname);
  const leave = async () => {
    await endSession();
    location.reload();
  };
  return (
    <>
      {exposed && (
        <p
          className="whitespace-nowrap text-xs text-candidate"
          title={`This node answers other machines without ${missing}: see Security in the README`}
        >
          <span aria-hidden="true">▲</span> without {missing}
        </p>
      )}
      {session.name && (
        <Button className="px-1.5 py-0.5 text-xs" title={session.roles.join(", ")} onClick={() => void leave()}>
          Leave ({session.name})
        </Button>
      )}
    </>
  );
}
