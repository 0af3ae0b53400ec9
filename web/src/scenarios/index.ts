import { happyPath } from "@/scenarios/happyPath";
import { leaderCrash } from "@/scenarios/leaderCrash";
import { minorityPartition } from "@/scenarios/minorityPartition";
import { packetLoss } from "@/scenarios/packetLoss";
import { slowFollower } from "@/scenarios/slowFollower";
import type { Scenario } from "@/scenarios/scenario";

export const scenarios: readonly Scenario[] = [happyPath, leaderCrash, minorityPartition, packetLoss, slowFollower];
