/**
 * The keys of the outermost object of a JSON text, in the order of the text (JSON.parse moves keys that look like
 * integers to the front). The text must be valid JSON. `onDuplicate` is called with each key that its own object,
 * at any depth, already has.
 */
export function orderedKeys(text: string, onDuplicate: (key: string) => void): string[] {
  const order: string[] = []
  // One entry per open bracket: the keys seen so far of an object, undefined for an array.
  const open: (Set<string> | undefined)[] = []
  let expectKey = false
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case 0x7b: // {
        open.push(new Set())
        expectKey = true
        break
      case 0x5b: // [
        open.push(undefined)
        expectKey = false
        break
      case 0x7d: // }
      case 0x5d: // ]
        open.pop()
        expectKey = false
        break
      case 0x2c: // ,
        expectKey = open.at(-1) !== undefined
        break
      case 0x22: {
        const end = stringEnd(text, i)
        const keys = open.at(-1)
        if (expectKey && keys !== undefined) {
          const key = JSON.parse(text.slice(i, end)) as string
          if (keys.has(key)) onDuplicate(key)
          else if (open.length === 1) order.push(key)
          keys.add(key)
          expectKey = false
        }
        i = end - 1
        break
      }
    }
  }
  return order
}

function stringEnd(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x5c) i++
    else if (c === 0x22) return i + 1
  }
  return text.length
}
