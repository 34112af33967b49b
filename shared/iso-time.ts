const DAY = 86_400_000
/** The last moment that people write with four digits for the year: a hostile clock may say any number. */
const LAST = 253_402_300_799_999

const two = (n: number): string => String(n).padStart(2, '0')

/** `2026-11-22T10:15:00Z` of milliseconds since 1970, without a clock or a time zone. */
export function isoTime(ms: number): string {
  const at = Math.min(Math.max(0, Math.floor(ms)), LAST)
  const [days, rest] = [Math.floor(at / DAY), Math.floor((at % DAY) / 1000)]
  // Days from the first of March of the year 0: leap days come last, in eras of 400 years.
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const day = shifted - era * 146_097
  const leap = Math.floor(day / 1460) - Math.floor(day / 36_524) + Math.floor(day / 146_096)
  const years = Math.floor((day - leap) / 365)
  const ofYear = day - (365 * years + Math.floor(years / 4) - Math.floor(years / 100))
  const month = Math.floor((5 * ofYear + 2) / 153)
  const date = ofYear - Math.floor((153 * month + 2) / 5) + 1
  const year = years + era * 400 + (month < 10 ? 0 : 1)
  const [hour, minute] = [Math.floor(rest / 3600), Math.floor((rest % 3600) / 60)]
  const time = `${two(hour)}:${two(minute)}:${two(rest % 60)}Z`
  return `${String(year).padStart(4, '0')}-${two(month < 10 ? month + 3 : month - 9)}-${two(date)}T${time}`
}
