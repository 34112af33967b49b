// Errors of the operating system, as Node and LevelDB throw them: told by their code, never by their text.

/** The stable name of a system error (`ENOENT`), or undefined when it has none. */
export function systemCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

const WORDS: { readonly [code: string]: string } = {
  ENOENT: 'there is no such file',
  EACCES: 'permission is denied',
  EPERM: 'permission is denied',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is no folder',
  ELOOP: 'its symbolic links go in a circle',
  ENAMETOOLONG: 'its name is too long',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is read-only',
  EIO: 'the disk fails',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open',
}

/** Why a file operation failed, as a clause for a person; the code when there are no words for it. */
export function systemWords(error: unknown): string {
  const code = systemCode(error)
  if (code === undefined) return 'it failed'
  return (Object.hasOwn(WORDS, code) ? WORDS[code] : undefined) ?? code
}
