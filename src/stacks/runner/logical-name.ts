/** The logical name in a urn, its last part. */
export function logicalName(urn: string): string {
  return urn.split('::').at(-1) ?? urn;
}
