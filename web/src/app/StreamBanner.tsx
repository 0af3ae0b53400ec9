import { Spinner } from "@/components/Spinner";
import { useNow } from "@/components/useNow";
import { useSelect } from "@/state/hooks";

export function StreamBanner() {
  const { status, since, served_by } = useSelect((state) => state.connection);
  const lost = status === "reconnecting";
  const seconds = Math.max(0, Math.floor((useNow(500, lost) - since) / 1000));
  if (!lost) return null;
  return (
    <p
      role="alert"
      className="flex shrink-0 items-center justify-center gap-2 bg-candidate/20 px-3 py-1 font-medium text-candidate"
    >
      <Spinner />
      Reconnecting to {served_by || "the node"}: what you see is {seconds} s old.
    </p>
  );
}
