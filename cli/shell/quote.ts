// Words that a shell reads back as they are. Pure.

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

/**
 * `text` (without NUL, which no shell's variable holds) as one word of the shell: within single quotes nothing has a
 * meaning but the quote itself and, in fish, the backslash.
 */
export function quoteFor(shell: Shell, text: string): string {
  if (shell === 'fish') return `'${text.replace(/[\\']/g, '\\$&')}'`
  return `'${text.replaceAll("'", "'\\''")}'`
}
