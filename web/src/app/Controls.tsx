import { Tabs } from "@/components/Tabs";
import { addressOf, TABS, type Route, type TabId } from "@/app/route";
import { ChaosTab } from "@/features/chaos/ChaosTab";
import { KvTab } from "@/features/kv/KvTab";
import { ScenariosTab } from "@/features/scenarios/ScenariosTab";
import { SettingsTab } from "@/features/settings/SettingsTab";

const PANELS = { scenarios: ScenariosTab, chaos: ChaosTab, kv: KvTab, settings: SettingsTab };

// The four tabs. All stay in the page, so that what was typed into one is still there when one comes back.
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
            <Panel selected={route.items[id]} onSelect={(item: string) => go(id, item)} active={id === route.tab} />
          </div>
        );
      })}
    </div>
  );
}
