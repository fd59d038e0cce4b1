/** True if dotted version `a` is the same as or later than `b`; anything after the numbers is ignored. */
export function atLeast(a, b) {
  const left = numbers(a);
  const right = numbers(b);
  for (let i = 0; i < 3; i++) {
    if (left[i] !== right[i]) return left[i] > right[i];
  }
  return true;
}

function numbers(version) {
  const parts = String(version)
    .replace(/^[^0-9]*/, '')
    .split(/[.+-]/)
    .map((part) => Number.parseInt(part, 10) || 0);
  return [parts[0] ?? 0, parts[1] ?? 0, parts[2] ?? 0];
}
