import type { TimelineEvent } from "@/state/timeline";

// How each kind of event looks: a colour, and a glyph and a word for those who do not see it.
export const KINDS: Record<TimelineEvent["kind"], { word: string; glyph: string; color: string }> = {
  leader_change: { word: "leader", glyph: "★", color: "text-leader" },
  term_change: { word: "term", glyph: "▲", color: "text-candidate" },
  node_down: { word: "down", glyph: "✕", color: "text-down" },
  node_up: { word: "up", glyph: "↑", color: "text-follower" },
  member: { word: "member", glyph: "+", color: "text-accent" },
  chaos: { word: "chaos", glyph: "⚡", color: "text-down/85" },
  scenario: { word: "scenario", glyph: "▸", color: "text-delayed" },
  kv: { word: "kv", glyph: "·", color: "text-muted" },
  settings: { word: "settings", glyph: "·", color: "text-muted" },
  stream: { word: "stream", glyph: "~", color: "text-muted" },
};
