const MOST_CHARACTERS = 40

/** Quotes a wrong value for a message of one line: without control characters, and in part only where it is long. */
export function quote(text: string, most = MOST_CHARACTERS): string {
  const shown = text.length > most ? `${text.slice(0, most)}…` : text
  return `"${shown.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '�')}"`
}
