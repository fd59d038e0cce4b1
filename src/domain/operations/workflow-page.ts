/** The page of a workflow in a Temporal UI. */
export function workflowPage({ base, namespace }: { base: string; namespace: string }, workflowId: string): string {
  const place = `namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(workflowId)}`;
  return `${base.replace(/\/$/, '')}/${place}`;
}
