interface ProgressProps {
  commit_index: number;
  last_index: number;
}

export function Progress({ commit_index, last_index }: ProgressProps) {
  const part = last_index === 0 ? 0 : commit_index / last_index;
  return (
    <div className="flex min-w-0 items-center gap-2 text-2xs text-muted">
      <span className="whitespace-nowrap">
        {commit_index} of {last_index} committed
      </span>
      <div
        role="progressbar"
        aria-label="Commit index against the last index"
        aria-valuemin={0}
        aria-valuemax={last_index}
        aria-valuenow={commit_index}
        className="h-1.5 w-24 shrink overflow-hidden rounded-full bg-follower/30"
      >
        <div className="h-full rounded-full bg-leader" style={{ width: `${(part * 100).toFixed(2)}%` }} />
      </div>
    </div>
  );
}
