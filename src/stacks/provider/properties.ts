import structs from 'google-protobuf/google/protobuf/struct_pb.js';

/** Property bags as the engine sends them: plain JSON, in which secrets are wrapped in objects with a signature. */
export type Properties = Record<string, unknown>;

/** Keys by which the engine marks special values (pulumi/pulumi, sdk/go/common/resource/sig). */
const signatureKey = '4dabf18193072939515e22adb298388d';
const secretSignature = '1b47061264138c4ac30d75fd1eb44270';
const outputSignature = 'd0e6a833031e9bbcd3f4e8bde6ca49a4';
const unknownValue = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';

/** Whether a value is a secret, as the engine sends it or stores it encrypted in its state. */
export function isSecret(value: unknown): boolean {
  return typeof value === 'object' && value !== null && (value as Properties)[signatureKey] === secretSignature;
}

/** The plain value inside secrets and outputs, at every depth; unknown values become undefined. */
export function unwrap(value: unknown): unknown {
  if (value === unknownValue) return undefined;
  if (Array.isArray(value)) return value.map(unwrap);
  if (value === null || typeof value !== 'object') return value;
  const bag = value as Properties;
  if (bag[signatureKey] === secretSignature || bag[signatureKey] === outputSignature) return unwrap(bag.value);
  return Object.fromEntries(
    Object.entries(bag)
      .filter(([key]) => !key.startsWith('__'))
      .map(([key, inner]) => [key, unwrap(inner)]),
  );
}

export function fromStruct(struct: structs.Struct | undefined): Properties {
  return struct ? (struct.toJavaScript() as Properties) : {};
}

export function toStruct(properties: Properties): structs.Struct {
  return structs.Struct.fromJavaScript(properties as Record<string, structs.JavaScriptValue>);
}

/** Whether two values are equal, regardless of the order of their fields. */
export function same(left: unknown, right: unknown): boolean {
  return canonical(left) === canonical(right);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner) =>
    inner && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
