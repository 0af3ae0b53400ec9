import type { Fault } from "@/api/chaos";

export function describeFault(fault: Fault): string {
  switch (fault.kind) {
    case "isolate":
      return `${fault.node} isolated`;
    case "partition":
      return `${fault.a} and ${fault.b} partitioned`;
    case "delay":
      return `${fault.node} delayed by ${fault.delay_ms} ± ${fault.jitter_ms} ms`;
    case "loss":
      return `${fault.node} loses ${Math.round(fault.loss_rate * 100)}% of its messages`;
  }
}
