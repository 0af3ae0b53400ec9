import { ConnectionMark } from "@/app/ConnectionMark";
import { FaultsMark } from "@/app/FaultsMark";
import { SessionMark } from "@/app/SessionMark";
import { ThemeChoice } from "@/app/ThemeChoice";

export function Header() {
  return (
    <header className="flex h-11 shrink-0 items-center gap-3 border-b border-line bg-panel px-3">
      <img src="/favicon.svg" alt="" className="size-6" />
      <h1 className="text-base font-bold">Raftly</h1>
      <ConnectionMark />
      <div className="ml-auto flex min-w-0 items-center gap-2">
        <SessionMark />
        <FaultsMark />
        <a href="/lab" className="rounded-md px-1.5 py-1 text-accent hover:underline">
          Laboratory
        </a>
        <ThemeChoice />
      </div>
    </header>
  );
}
