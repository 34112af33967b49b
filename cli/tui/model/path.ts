// Paths as a person types them, made absolute without asking a disk.

/** `typed` seen from the folder `cwd`; `.` and `..` are taken out. A `~` means nothing here: only shells know it. */
export function absolute(cwd: string, typed: string): string {
  const whole = typed.startsWith('/') ? typed : `${cwd}/${typed}`
  const parts: string[] = []
  for (const part of whole.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return `/${parts.join('/')}`
}
