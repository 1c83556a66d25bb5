/**
 * The keys of the outermost object of a JSON text, in the order of the text (JSON.parse moves keys that look like
 * integers to the front). The text must be valid JSON. `onDuplicate` is called with each key that its own object,
 * at any depth, already has.
 */
export function orderedKeys(text: string, onDuplicate: (key: string) => void): string[] {
  const order: string[] = []
  // The keys seen so far of each open object.
  const open: Set<string>[] = []
  // Native searches lead from mark to mark: headers are long, and read by code that is not compiled yet.
  const marks = /["{}]/g
  while (marks.test(text)) {
    const start = marks.lastIndex - 1
    const mark = text[start]
    if (mark === '{') open.push(new Set())
    else if (mark === '}') open.pop()
    else {
      const end = stringEnd(text, start)
      marks.lastIndex = end
      const keys = open.at(-1)
      if (keys === undefined || !beforeColon(text, end)) continue
      const key = stringValue(text, start, end)
      if (keys.has(key)) onDuplicate(key)
      else if (open.length === 1) order.push(key)
      keys.add(key)
    }
  }
  return order
}

/** The position after the string that begins at `start`. */
function stringEnd(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let before = quote
    while (text[before - 1] === '\\') before--
    if ((quote - before) % 2 === 0) return quote + 1
  }
  return text.length
}

function stringValue(text: string, start: number, end: number): string {
  const inner = text.slice(start + 1, end - 1)
  return inner.includes('\\') ? (JSON.parse(`"${inner}"`) as string) : inner
}

function beforeColon(text: string, end: number): boolean {
  let next = end
  while (text[next] === ' ' || text[next] === '\n' || text[next] === '\r' || text[next] === '\t') next++
  return text[next] === ':'
}
