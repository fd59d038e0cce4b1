import type { DriftReport } from '../../contracts/drift.ts';

const longestList = 50;

/** What the Temporal UI shows of a scan for drift, as Markdown: how far it is, and which servers had drifted. */
export function describeScan({ checked, skipped, drifted }: DriftReport, { isOver }: { isOver: boolean }): string {
  const rows = drifted
    .slice(0, longestList)
    .map(({ instanceId, operationId }) => `- \`${instanceId}\`, \`${operationId}\``);
  const more = drifted.length > longestList ? [`- and ${drifted.length - longestList} more`] : [];
  return [
    `### Servers against their stacks${isOver ? ': done' : ''}`,
    `${checked} checked, ${drifted.length} drifted, ${skipped} left to the next scan.`,
    ...(drifted.length > 0 ? [['Drifted:', '', ...rows, ...more].join('\n')] : []),
  ].join('\n\n');
}
