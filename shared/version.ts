/** coffer's version: package.json's (scripts/smoke/package.test.ts). A newer command line replaces an older daemon by it. */
export const VERSION = '0.1.0'

/** Negative, zero or positive as version `a` is older than, the same as or newer than `b` (semver's order). */
export function compareVersions(a: string, b: string): number {
  const [coreA, preA] = split(a)
  const [coreB, preB] = split(b)
  const core = compareLists(coreA, coreB)
  if (core !== 0) return core
  if (preA === undefined || preB === undefined)
    return Number(preB !== undefined) - Number(preA !== undefined)
  return compareLists(preA, preB)
}

function split(version: string): [core: string[], pre: string[] | undefined] {
  const [plain = ''] = version.split('+')
  const dash = plain.indexOf('-')
  if (dash < 0) return [plain.split('.'), undefined]
  return [plain.slice(0, dash).split('.'), plain.slice(dash + 1).split('.')]
}

function compareLists(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const [left, right] = [a[i], b[i]]
    if (left === undefined || right === undefined) return left === undefined ? -1 : 1
    const one = compareParts(left, right)
    if (one !== 0) return one
  }
  return 0
}

const isNumber = (part: string): boolean => /^[0-9]+$/.test(part)

function compareParts(a: string, b: string): number {
  if (a === b) return 0
  if (isNumber(a) && isNumber(b)) return Number(a) - Number(b)
  if (isNumber(a) !== isNumber(b)) return isNumber(a) ? -1 : 1
  return a < b ? -1 : 1
}
