// What a name, label or message may do to a terminal: nothing. Shown text has every character that is invisible,
// moves the cursor, changes direction or breaks the line replaced by its code, so that what stands there is seen.

// Controls, formats (bidirectional overrides, zero width), line and paragraph separators, surrogates, private use,
// what Unicode calls ignorable (Hangul fillers, variation selectors), the blank Braille cell, blanks but the space.
const HIDDEN =
  /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}/gu

/** True when `text` holds a character that a reader can't see or a terminal obeys. */
export function hasHidden(text: string): boolean {
  return text.search(HIDDEN) >= 0
}

/** `text` with hidden characters as `\u{1b}`. Visible text stays as it is (a backslash too: this is no codec). */
export function displayText(text: string): string {
  return text.replace(HIDDEN, escapeCharacter)
}

/** Like displayText for running text: its newlines and tabs stay. */
export function displayLines(text: string): string {
  return text.replace(HIDDEN, (char) =>
    char === '\n' || char === '\t' ? char : escapeCharacter(char),
  )
}

/** JSON of `value` in which every hidden character is written as `\\u009b`: the same value, safe to look at. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value).replace(HIDDEN, (char) =>
    Array.from({ length: char.length }, (_, i) => {
      return `\\u${char.charCodeAt(i).toString(16).padStart(4, '0')}`
    }).join(''),
  )
}

function escapeCharacter(char: string): string {
  return `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`
}
