import type { Action } from "@/state/actions";
import { initialConnection, reduceConnection, type Connection } from "@/state/connection";
import { initialPicture, reducePicture, type Picture } from "@/state/picture";
import { defaultPreferences, reducePreferences, type Preferences } from "@/state/preferences";
import { initialRuns, reduceRuns, type Runs } from "@/state/run";
import type { Store } from "@/state/store";
import { emptyTimeline, reduceTimeline, type Timeline } from "@/state/timeline";

export interface State {
  connection: Connection;
  // What the cluster looks like.
  picture: Picture;
  timeline: Timeline;
  runs: Runs;
  preferences: Preferences;
}

export type AppStore = Store<State, Action>;

export const initialState: State = {
  connection: initialConnection,
  picture: initialPicture,
  timeline: emptyTimeline,
  runs: initialRuns,
  preferences: defaultPreferences,
};

export function reduce(state: State, action: Action): State {
  const next: State = {
    connection: reduceConnection(state.connection, action),
    picture: reducePicture(state.picture, action),
    timeline: reduceTimeline(state.timeline, action, state),
    runs: reduceRuns(state.runs, action),
    preferences: reducePreferences(state.preferences, action),
  };
  const unchanged = (Object.keys(next) as (keyof State)[]).every((slice) => next[slice] === state[slice]);
  return unchanged ? state : next;
}
