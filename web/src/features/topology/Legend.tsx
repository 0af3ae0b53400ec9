export function Legend() {
  return (
    <p
      className="flex shrink-0 gap-2.5 text-2xs text-muted"
      title="Marks on the edges are messages that the nodes report having sent"
    >
      <span>
        <span className="text-leader">●</span> append
      </span>
      <span>
        <span className="text-candidate">◆</span> vote
      </span>
      <span>
        <span className="text-down">✕</span> lost
      </span>
    </p>
  );
}
