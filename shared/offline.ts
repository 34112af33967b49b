/** What COFFER_OFFLINE says: yes, no (also where it is unset or empty), or undefined for a word that is neither. */
export function saysOffline(word: string | undefined): boolean | undefined {
  const said = (word ?? '').toLowerCase()
  if (['1', 'true', 'yes'].includes(said)) return true
  return ['', '0', 'false', 'no'].includes(said) ? false : undefined
}
