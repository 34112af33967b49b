/** What COFFER_OFFLINE says; the daemon refuses other words than yes and no. */
export function saysYes(word: string | undefined): boolean {
  return ['1', 'true', 'yes'].includes((word ?? '').toLowerCase())
}
