import { Suspense } from "react";
import { Spinner } from "@/components/Spinner";
import { Tabs } from "@/components/Tabs";
import { later } from "@/app/later";
import { addressOf, TABS, type Route, type TabId } from "@/app/route";
import { ChaosTab } from "@/features/chaos/ChaosTab";
import { ScenariosTab } from "@/features/scenarios/ScenariosTab";
import { SettingsTab } from "@/features/settings/SettingsTab";

// A script of their own, which is fetched once the page is there: what shows the cluster comes first.
const KvTab = later(async () => (await import("@/app/laterTabs")).KvTab);
const MembersTab = later(async () => (await import("@/app/laterTabs")).MembersTab);

const PANELS = { scenarios: ScenariosTab, chaos: ChaosTab, kv: KvTab, members: MembersTab, settings: SettingsTab };

// The five tabs. All stay in the page, so that what was typed into one is still there when one comes back.
export function Controls({ route }: { route: Route }) {
  const go = (tab: TabId, item: string) => {
    const address = addressOf(tab, item);
    if (location.hash !== address) location.hash = address;
  };
  return (
    <div className="flex min-h-0 flex-1 flex-col overflow-hidden rounded-lg border border-line bg-panel">
      <Tabs
        label="Controls"
        tabs={TABS}
        selected={route.tab}
        onSelect={(tab) => go(tab, route.items[tab])}
        prefix="tab"
        className="shrink-0 border-b border-line px-1"
      />
      {TABS.map(({ id }) => {
        const Panel = PANELS[id];
        return (
          <div
            key={id}
            id={`tab-${id}`}
            role="tabpanel"
            aria-labelledby={`tab-${id}-tab`}
            hidden={id !== route.tab}
            className="relative min-h-0 flex-1 overflow-y-auto"
          >
            <Suspense
              fallback={
                <p className="flex items-center gap-2 p-3 text-muted">
                  <Spinner /> Loading
                </p>
              }
            >
              <Panel selected={route.items[id]} onSelect={(item: string) => go(id, item)} active={id === route.tab} />
            </Suspense>
          </div>
        );
      })}
    </div>
  );
}
