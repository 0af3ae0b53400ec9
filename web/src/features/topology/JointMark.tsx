// For as long as the voters before a change and those after it decide together.
export function JointMark() {
  return (
    <p
      role="status"
      className="relative truncate text-2xs font-semibold text-accent"
      title="The members change: until that has ended, it takes a majority of the voters before and one of those after (§6). Solid rings are the voters after it, dashed ones leave"
    >
      ◎ joint<span className="sr-only"> change under way</span>
    </p>
  );
}
